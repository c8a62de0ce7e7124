package audit

import (
	"context"
	"crypto/hmac"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/postern-id/postern/storage"
)

// Report is the result of [Log.Verify].
type Report struct {
	Chained   int64  `json:"chained"`         // how many chained entries were checked
	Unchained int64  `json:"unchained"`       // how many entries were checked that are not chained yet
	Fault     *Fault `json:"fault,omitempty"` // the first damage; nil: there is none
}

// Damage is what was done to an entry.
type Damage string

// The kinds of damage.
const (
	Changed Damage = "changed" // its text or one of its columns was changed
	Removed Damage = "removed" // its number is missing
	Moved   Damage = "moved"   // it is unchanged, but does not follow the entry before it
)

// Fault is a place where the log was changed after it was written.
type Fault struct {
	Seq    int64  `json:"seq,omitempty"` // 0: an entry that is not chained
	ID     string `json:"id,omitempty"`  // empty: the entry is not there
	Damage Damage `json:"damage"`
}

// String describes the fault in words.
func (f Fault) String() string {
	switch {
	case f.Seq == 0:
		return fmt.Sprintf("entry %s, not chained yet, was %s", f.ID, f.Damage)
	case f.ID == "":
		return fmt.Sprintf("entry %d was %s", f.Seq, f.Damage)
	}
	return fmt.Sprintf("entry %d (%s) was %s", f.Seq, f.ID, f.Damage)
}

// errFault stops the walk.
var errFault = errors.New("fault found")

// Verify reads the whole log as it is at one moment and reports the first entry that was changed, removed or moved. Entries may be written
// meanwhile. Verify returns an error only if the log cannot be read.
func (l *Log) Verify(ctx context.Context) (Report, error) {
	v := verification{log: l}
	err := l.walk(ctx, v.begin, v.visit)
	if err == nil && v.last.Seq != v.head.Seq {
		// If the sealed end is further on, entries are missing. If it is not, somebody set it back to hide that.
		err = v.fail(v.last.Seq+1, "", Removed)
	}
	if errors.Is(err, errFault) {
		err = nil
	}
	return v.report, err
}

// verification is the state of one call of Verify.
type verification struct {
	log    *Log
	head   storage.EventHead
	last   storage.Event // the last chained entry visited
	report Report
}

// begin reads the end of the chain. It is missing until the first entry is chained.
func (v *verification) begin(ctx context.Context) (err error) {
	if v.head, err = v.log.store.Events.Head(ctx); errors.Is(err, storage.ErrNotFound) {
		return nil
	}
	return err
}

func (v *verification) fail(seq int64, id string, damage Damage) error {
	v.report.Fault = &Fault{Seq: seq, ID: id, Damage: damage}
	return errFault
}

func (v *verification) visit(e storage.Event) error {
	if e.Seq == 0 {
		v.report.Unchained++
		if !v.log.intact(e) {
			return v.fail(0, e.ID, Changed)
		}
		return nil
	}
	v.report.Chained++
	switch {
	case e.Seq != v.last.Seq+1:
		return v.fail(v.last.Seq+1, "", Removed)
	case !v.log.intact(e):
		return v.fail(e.Seq, e.ID, Changed)
	case !hmac.Equal(e.Link, v.log.link(v.last.Link, e.Seq, e.Body)):
		return v.fail(e.Seq, e.ID, Moved)
	case e.Seq == v.head.Seq && !hmac.Equal(v.head.Seal, v.log.seal(e.Seq, e.Link)):
		return v.fail(e.Seq+1, "", Removed) // somebody set the end back to this entry
	}
	v.last = e
	return nil
}

// intact reports whether the text and the columns of e are unchanged.
func (l *Log) intact(e storage.Event) bool {
	var text entry
	if !l.genuine(e.Body) || json.Unmarshal([]byte(e.Body), &text) != nil {
		return false
	}
	return text.ID == e.ID && text.At == e.At.UnixMicro() && string(text.Name) == e.Name && text.UserID == e.UserID
}
