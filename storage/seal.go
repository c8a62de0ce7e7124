package storage

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// Keyset encrypts what only Postern may read, with AES-256-GCM. Its primary key seals; older keys still open what they sealed. Every value
// is bound to its table, column and row, so that a sealed value that is copied elsewhere does not open.
type Keyset struct {
	current atomic.Pointer[keys]
}

// keys is the part of a Keyset that Replace replaces.
type keys struct {
	handle *keyset.Handle
	cipher tink.AEAD
}

// NewKeyset returns a keyset with one new key.
func NewKeyset() (*Keyset, error) {
	handle, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, fmt.Errorf("make keyset: %w", err)
	}
	return newKeyset(handle)
}

// ReadKeyset returns the keyset in text, which is the cleartext JSON form of a Tink AEAD keyset. It returns an error if text is anything
// else.
func ReadKeyset(text []byte) (*Keyset, error) {
	handle, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(text)))
	if err != nil {
		return nil, fmt.Errorf("read keyset: %w", err)
	}
	return newKeyset(handle)
}

func newKeyset(handle *keyset.Handle) (*Keyset, error) {
	cipher, err := aead.New(handle)
	if err != nil {
		return nil, fmt.Errorf("use keyset: %w", err)
	}
	k := &Keyset{}
	k.current.Store(&keys{handle: handle, cipher: cipher})
	return k, nil
}

// Same reports whether other has the same keys as k and the same primary key.
func (k *Keyset) Same(other *Keyset) bool {
	return k.Primary() == other.Primary() && slices.Equal(k.ids(), other.ids())
}

func (k *Keyset) ids() []uint32 {
	var ids []uint32
	for _, key := range k.current.Load().handle.KeysetInfo().GetKeyInfo() {
		ids = append(ids, key.GetKeyId())
	}
	return ids
}

// Primary returns the id of the key that seals.
func (k *Keyset) Primary() uint32 { return k.current.Load().handle.KeysetInfo().GetPrimaryKeyId() }

// Replace makes k seal and open with the keys of other from now on, wherever k is in use.
func (k *Keyset) Replace(other *Keyset) { k.current.Store(other.current.Load()) }

// JSON returns the cleartext form that [ReadKeyset] takes. Anyone who has it and the database can read every secret.
func (k *Keyset) JSON() ([]byte, error) {
	var text bytes.Buffer
	if err := insecurecleartextkeyset.Write(k.current.Load().handle, keyset.NewJSONWriter(&text)); err != nil {
		return nil, fmt.Errorf("write keyset: %w", err)
	}
	return text.Bytes(), nil
}

// Rotated returns a keyset that seals with a new key and still opens what k has sealed.
func (k *Keyset) Rotated() (*Keyset, error) {
	manager := keyset.NewManagerFromHandle(k.current.Load().handle)
	id, err := manager.Add(aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, fmt.Errorf("add key: %w", err)
	}
	if err := manager.SetPrimary(id); err != nil {
		return nil, fmt.Errorf("make key primary: %w", err)
	}
	handle, err := manager.Handle()
	if err != nil {
		return nil, fmt.Errorf("rotate keyset: %w", err)
	}
	return newKeyset(handle)
}

// Seal encrypts plaintext for one table, column and row.
func (k *Keyset) Seal(plaintext []byte, table, column, row string) ([]byte, error) {
	return k.current.Load().cipher.Encrypt(plaintext, place(table, column, row))
}

// Open decrypts what [Keyset.Seal] returned for the same table, column and row. It returns ErrSealed for any other input.
func (k *Keyset) Open(sealed []byte, table, column, row string) ([]byte, error) {
	plaintext, err := k.current.Load().cipher.Decrypt(sealed, place(table, column, row))
	if err != nil {
		return nil, fmt.Errorf("%w: %s.%s", ErrSealed, table, column)
	}
	return plaintext, nil
}

// Current reports whether sealed was sealed with the primary key. Tink puts the key's id behind a version byte.
func (k *Keyset) Current(sealed []byte) bool {
	return len(sealed) > 5 && binary.BigEndian.Uint32(sealed[1:5]) == k.Primary()
}

func place(table, column, row string) []byte {
	return []byte(table + "\x00" + column + "\x00" + row)
}
