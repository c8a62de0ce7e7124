package storagetest

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

// proxied is one connection through a proxy.
type proxied struct {
	proxy          *Proxy
	client, server net.Conn
	lost           bool // some data has vanished
	withhold       bool // the answer to the current statement is to be lost
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.running.Go(func() { p.serve(client) })
	}
}

func (p *Proxy) serve(client net.Conn) {
	server, err := net.Dial(p.network, p.address)
	if err != nil {
		_ = client.Close()
		return
	}
	c := &proxied{proxy: p, client: client, server: server}
	p.mu.Lock()
	p.conns[c] = struct{}{}
	if p.weather == Cut {
		c.close()
	}
	p.mu.Unlock()
	var directions sync.WaitGroup
	ready := make(chan bool, 1)
	directions.Go(func() { c.fromClient(ready) })
	directions.Go(func() { c.fromServer(ready) })
	directions.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, c)
}

func (c *proxied) close() {
	if tcp, ok := c.client.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // sends a reset, as a dead server's system does
	}
	_, _ = c.client.Close(), c.server.Close()
}

// pass forwards a piece of data if or when the weather allows that.
func (c *proxied) pass(to net.Conn, piece []byte) error {
	p := c.proxy
	for {
		p.mu.Lock()
		weather, changed, delay := p.weather, p.changed, p.delay
		c.lost = c.lost || weather == BlackHole
		lost := c.lost
		p.mu.Unlock()
		switch {
		case weather == Cut:
			return net.ErrClosed
		case lost:
			return nil
		case weather == Frozen:
			<-changed
			continue
		}
		time.Sleep(delay)
		_, err := to.Write(piece)
		return err
	}
}

// Codes of the messages without a type, https://www.postgresql.org/docs/current/protocol-message-formats.html.
const (
	sslRequest    = 80877103
	cancelRequest = 80877102
)

// fromClient forwards what the client sends. It sends on ready whether messages follow that the proxy can read.
func (c *proxied) fromClient(ready chan<- bool) {
	defer c.close()
	in := bufio.NewReader(c.client)
	for {
		packet, err := message(in, 0)
		if err != nil {
			ready <- false
			return
		}
		code := binary.BigEndian.Uint32(packet[4:])
		if code == cancelRequest {
			c.proxy.mu.Lock()
			c.proxy.cancels++
			c.proxy.mu.Unlock()
		}
		if err := c.pass(c.server, packet); err != nil {
			ready <- false
			return
		}
		if code != sslRequest {
			break
		}
		tls, err := c.answerTLS()
		if err != nil || tls {
			ready <- false
			if tls {
				c.relay(in)
			}
			return
		}
	}
	ready <- true
	for {
		packet, err := message(in, 1)
		if err != nil {
			return
		}
		c.count(packet)
		if c.mute(packet) {
			continue
		}
		if err := c.pass(c.server, packet); err != nil {
			return
		}
	}
}

// mute reports whether a packet vanishes because the weather is Mute and it is not part of connecting.
func (c *proxied) mute(packet []byte) bool {
	const password = 'p'
	c.proxy.mu.Lock()
	defer c.proxy.mu.Unlock()
	return c.proxy.weather == Mute && packet[0] != password
}

// answerTLS forwards the byte by which the server says whether it supports TLS, and reports whether it does.
func (c *proxied) answerTLS() (bool, error) {
	answer := make([]byte, 1)
	if _, err := io.ReadFull(c.server, answer); err != nil {
		return false, err
	}
	return answer[0] == 'S', c.pass(c.client, answer)
}

// relay forwards encrypted data in both directions.
func (c *proxied) relay(fromClient io.Reader) {
	var other sync.WaitGroup
	other.Go(func() { c.copy(c.client, c.server) })
	c.copy(c.server, fromClient)
	c.close()
	other.Wait()
}

func (c *proxied) copy(to net.Conn, from io.Reader) {
	piece := make([]byte, 1<<15)
	for {
		n, err := from.Read(piece)
		if n > 0 {
			err = errors.Join(err, c.pass(to, piece[:n]))
		}
		if err != nil {
			return
		}
	}
}

// count counts the statement in a packet, if it has one, and sets withhold if its answer is to be lost.
func (c *proxied) count(packet []byte) {
	const query, execute = 'Q', 'E'
	if packet[0] != execute && packet[0] != query || bytes.Equal(packet[5:], []byte(";\x00")) {
		return
	}
	c.proxy.mu.Lock()
	defer c.proxy.mu.Unlock()
	if c.proxy.left > 0 {
		c.proxy.left--
		c.withhold = c.proxy.left == 0
	}
}

func (c *proxied) fromServer(ready <-chan bool) {
	if !<-ready {
		return
	}
	defer c.close()
	in := bufio.NewReader(c.server)
	for {
		packet, err := message(in, 1)
		if err != nil {
			return
		}
		c.proxy.mu.Lock()
		withhold := c.withhold
		c.proxy.mu.Unlock()
		const readyForQuery = 'Z'
		switch {
		case withhold && packet[0] == readyForQuery:
			return // the statement was executed
		case withhold:
		case c.pass(c.client, packet) != nil:
			return
		}
	}
}

// message reads one message, whose length follows a type of that many bytes.
func message(in *bufio.Reader, typed int) ([]byte, error) {
	header, err := in.Peek(typed + 4)
	if err != nil {
		return nil, err
	}
	size := typed + int(binary.BigEndian.Uint32(header[typed:]))
	if size < typed+4 || size > 1<<24 {
		return nil, errors.New("not a message of PostgreSQL")
	}
	packet := make([]byte, size)
	_, err = io.ReadFull(in, packet)
	return packet, err
}
