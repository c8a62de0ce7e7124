package storage

import "net/netip"

// ClientNetwork returns the network that counts as one caller in a budget: an IPv4 address, or the /64 network of an IPv6 address, whose
// addresses one host may use at will. It is invalid when address is. Only its keyed hash is stored; logs and audit entries hold
// audit.ShortAddress instead.
func ClientNetwork(address netip.Addr) netip.Prefix {
	address = address.Unmap().WithZone("")
	bits := address.BitLen()
	if address.Is6() {
		bits = 64
	}
	network, _ := address.Prefix(bits) // the zero Addr has none
	return network
}
