package password

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"time"

	"golang.org/x/crypto/argon2"
)

const (
	saltBytes = 16
	tagBytes  = 32
)

// Config holds the cost of the hashes that a Hasher makes and the limits of
// hashing. The zero value of each field means its default.
type Config struct {
	Memory      uint32        // KiB for one hash, 8 per thread to 262144; default 19456
	Time        uint32        // passes over the memory, Time times Memory at most 1 GiB; default 2
	Threads     uint8         // lanes, 1 to 16; default 1
	Concurrency int           // hashes at once; default the number of cores Go may use
	Queue       int           // callers that may wait for their turn; default 16 for each hash at once
	Wait        time.Duration // how long one caller waits at most; default 3 s
}

// Hasher makes and checks password hashes. Its methods may be called from
// many goroutines at once.
type Hasher struct {
	memory, time uint32
	threads      uint8
	prefix       string // beginning of every encoded hash with these costs
	nobody       string // an encoded hash that no password matches
	gate         *gate
}

// New returns a Hasher or an error that names the field out of range.
func New(cfg Config) (*Hasher, error) {
	cfg = cfg.withDefaults()
	switch {
	case cfg.Threads > maxThreads:
		return nil, fmt.Errorf("password: %d threads, want 1 to %d", cfg.Threads, maxThreads)
	case cfg.Memory < 8*uint32(cfg.Threads) || cfg.Memory > maxMemory:
		return nil, fmt.Errorf("password: memory of %d KiB, want %d to %d", cfg.Memory, 8*uint32(cfg.Threads), maxMemory)
	case uint64(cfg.Memory)*uint64(cfg.Time) > maxMemoryPasses:
		return nil, fmt.Errorf("password: time %d with memory of %d KiB, want a product of at most %d", cfg.Time, cfg.Memory, maxMemoryPasses)
	case cfg.Concurrency < 0 || cfg.Queue < 0 || cfg.Wait < 0:
		return nil, errors.New("password: concurrency, queue and wait cannot be negative")
	}
	h := &Hasher{
		memory:  cfg.Memory,
		time:    cfg.Time,
		threads: cfg.Threads,
		prefix:  fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$", argon2.Version, cfg.Memory, cfg.Time, cfg.Threads),
		gate:    newGate(cfg.Concurrency, cfg.Queue, cfg.Wait),
	}
	h.nobody = h.encode(make([]byte, saltBytes), make([]byte, tagBytes))
	return h, nil
}

func (cfg Config) withDefaults() Config {
	if cfg.Memory == 0 {
		cfg.Memory = 19456
	}
	if cfg.Time == 0 {
		cfg.Time = 2
	}
	if cfg.Threads == 0 {
		cfg.Threads = 1
	}
	if cfg.Concurrency == 0 {
		cfg.Concurrency = runtime.GOMAXPROCS(0)
	}
	if cfg.Queue == 0 {
		cfg.Queue = 16 * cfg.Concurrency
	}
	if cfg.Wait == 0 {
		cfg.Wait = 3 * time.Second
	}
	return cfg
}

// Hash returns the argon2id hash (RFC 9106) of password over a random salt of 16 bytes, a tag of 32 bytes, as a PHC string of about 97
// characters. The password should have passed Check; only its length in bytes is checked again.
//
// Errors: ErrBusy, those of ctx while waiting, and a *WeakError for more than
// 1024 bytes.
func (h *Hasher) Hash(ctx context.Context, password string) (encoded string, err error) {
	if len(password) > maxBytes {
		return "", tooLong()
	}
	salt := make([]byte, saltBytes)
	rand.Read(salt) // never fails: crypto/rand ends the process instead
	var tag []byte
	err = h.gate.do(ctx, 1, func() {
		tag = argon2.IDKey([]byte(normalize(password)), salt, h.time, h.memory, h.threads, tagBytes)
	})
	if err != nil {
		return "", err
	}
	return h.encode(salt, tag), nil
}

// encode returns the PHC string of a hash with the costs of h.
func (h *Hasher) encode(salt, tag []byte) string {
	b64 := base64.RawStdEncoding
	return h.prefix + b64.EncodeToString(salt) + "$" + b64.EncodeToString(tag)
}

// Concurrency is how many hashes are computed at once.
func (h *Hasher) Concurrency() int { return int(h.gate.places) }
