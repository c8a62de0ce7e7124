package storage

import "net/netip"

// ClientNetwork returns the network of a client IP that counts as one caller in a budget: an IPv4 address alone, or the /64 network of an
// IPv6 address, since one host can use all its addresses. It returns the zero Prefix for the zero Addr. Only a keyed hash of the result is
// stored; logs and audit entries contain audit.ShortAddress instead.
func ClientNetwork(address netip.Addr) netip.Prefix {
	address = address.Unmap().WithZone("")
	bits := address.BitLen()
	if address.Is6() {
		bits = 64
	}
	network, _ := address.Prefix(bits) // zero for the zero Addr
	return network
}
