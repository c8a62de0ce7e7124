package storage

import "net/netip"

// ClientNetwork returns the addresses that count as one caller in a budget: an IPv4 address, or the /64 of an IPv6 address, of which one host
// may use any. It is invalid when address is. What is stored of it is a keyed hash; logs and audit entries hold audit.ShortAddress instead.
func ClientNetwork(address netip.Addr) netip.Prefix {
	address = address.Unmap().WithZone("")
	bits := address.BitLen()
	if address.Is6() {
		bits = 64
	}
	network, _ := address.Prefix(bits) // the zero Addr has none
	return network
}
