package storage

import (
	"context"
	"time"
)

// Devices are the authorization requests of devices without a browser (RFC 8628).
type Devices struct{ *database }

// DeviceRequest is the authorization request of a device without a browser (RFC 8628), on which a person decides in a browser elsewhere.
// Neither of its two codes is stored.
type DeviceRequest struct {
	ID         string  `db:"id"`
	DeviceHash []byte  `db:"device_hash"` // of the code with which the device polls
	UserMAC    []byte  `db:"user_code_mac"`
	ClientID   string  `db:"client_id"`
	Scopes     Strings `db:"scopes"`
	ClientIP   string  `db:"address"` // of the device, shortened
	Browser    string  `db:"browser"` // of the device, as its User-Agent says; empty: not known
	Interval   int64   `db:"interval_seconds"`
	ApprovedAt Time    `db:"approved_at"`
	DeniedAt   Time    `db:"denied_at"`
	CreatedAt  Time    `db:"created_at"`
	ExpiresAt  Time    `db:"expires_at"` // until then the person may decide, and the device may fetch its tokens
}

const deviceQuery = `
	SELECT id, device_hash, user_code_mac, client_id, scopes, address, browser, interval_seconds, approved_at, denied_at, created_at, expires_at
	FROM device_requests WHERE `

// undecided is the condition under which a person may decide.
const undecided = ` AND approved_at IS NULL AND denied_at IS NULL AND expires_at > ?`

// Add inserts d. It returns ErrStale if another request has the same user code.
func (s *Devices) Add(ctx context.Context, d DeviceRequest) error {
	return s.execOne(ctx, ErrStale, `
		INSERT INTO device_requests (id, device_hash, user_code_mac, client_id, scopes, address, browser, interval_seconds, created_at, expires_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (user_code_mac) DO NOTHING`,
		d.ID, d.DeviceHash, d.UserMAC, d.ClientID, d.Scopes, d.ClientIP, d.Browser, d.Interval, d.CreatedAt, d.ExpiresAt)
}

// ByUserCode returns the undecided request whose user code has that keyed hash, or ErrNotFound.
func (s *Devices) ByUserCode(ctx context.Context, mac []byte, now time.Time) (DeviceRequest, error) {
	var d DeviceRequest
	err := s.get(ctx, &d, deviceQuery+`user_code_mac = ?`+undecided, mac, At(now))
	return d, err
}

// Undecided returns the undecided request with that id, or ErrNotFound.
func (s *Devices) Undecided(ctx context.Context, id string, now time.Time) (DeviceRequest, error) {
	var d DeviceRequest
	err := s.get(ctx, &d, deviceQuery+`id = ?`+undecided, id, At(now))
	return d, err
}

// ByDeviceCode returns the request whose device code has that hash, in any state, or ErrNotFound.
func (s *Devices) ByDeviceCode(ctx context.Context, hash []byte) (DeviceRequest, error) {
	var d DeviceRequest
	err := s.get(ctx, &d, deviceQuery+`device_hash = ?`, hash)
	return d, err
}

// Poll records that the device of a request polled. If it polled earlier than its interval, less slack, allows, the interval grows by
// slower and Poll returns ErrStale (slow_down of RFC 8628 section 3.5).
func (s *Devices) Poll(ctx context.Context, id string, slack, slower time.Duration, now time.Time) error {
	polled, err := s.exec(ctx, `
		UPDATE device_requests SET polled_at = ?
		WHERE id = ? AND (polled_at IS NULL OR polled_at + interval_seconds * 1000000 <= ?)`, At(now), id, At(now.Add(slack)))
	if err != nil || polled == 1 {
		return err
	}
	_, err = s.exec(ctx, `UPDATE device_requests SET polled_at = ?, interval_seconds = interval_seconds + ? WHERE id = ?`,
		At(now), int64(slower/time.Second), id)
	if err == nil {
		err = ErrStale
	}
	return err
}

// Approve records that a person allowed a request. It returns ErrStale if the request was decided before or has expired: only the first
// decision counts.
func (s *Devices) Approve(ctx context.Context, id string, now time.Time) error {
	return s.execOne(ctx, ErrStale, `UPDATE device_requests SET approved_at = ? WHERE id = ?`+undecided, At(now), id, At(now))
}

// Deny records that a person refused a request. It returns ErrStale like [Devices.Approve].
func (s *Devices) Deny(ctx context.Context, id string, now time.Time) error {
	return s.execOne(ctx, ErrStale, `UPDATE device_requests SET denied_at = ? WHERE id = ?`+undecided, At(now), id, At(now))
}
