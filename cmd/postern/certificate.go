package main

import (
	"crypto/tls"
	"fmt"
	"os"
	"sync"
	"time"
)

// certificates serves the certificate from two files, and reads them again when they change.
type certificates struct {
	certFile, keyFile string
	mu                sync.Mutex
	loaded            *tls.Certificate
	changed           time.Time // modification time of the newer file
	looked            time.Time
}

// certificateLook is the interval at which the modification times are compared.
const certificateLook = 10 * time.Second

func newCertificates(certFile, keyFile string) (*certificates, error) {
	c := &certificates{certFile: certFile, keyFile: keyFile}
	_, err := c.get(nil)
	return c, err
}

// get implements tls.Config.GetCertificate. If the files do not match, the certificate in use stays.
func (c *certificates) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if c.loaded != nil && now.Sub(c.looked) < certificateLook {
		return c.loaded, nil
	}
	c.looked = now
	changed := newest(c.certFile, c.keyFile)
	if c.loaded != nil && changed.Equal(c.changed) {
		return c.loaded, nil
	}
	fresh, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil && c.loaded == nil {
		return nil, fmt.Errorf("tls.cert_file and tls.key_file: %w", err)
	}
	if err == nil {
		c.loaded, c.changed = &fresh, changed
	}
	return c.loaded, nil
}

func newest(paths ...string) time.Time {
	var latest time.Time
	for _, path := range paths {
		if info, err := os.Stat(path); err == nil && info.ModTime().After(latest) {
			latest = info.ModTime()
		}
	}
	return latest
}
