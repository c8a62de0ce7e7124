package self

import (
	"context"
	"errors"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/login/account/identity"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// ProfileFault says what is wrong with one entry of a profile.
type ProfileFault string

// The faults.
const (
	FaultText      ProfileFault = "text"      // too long, or with characters that cannot be seen
	FaultLink      ProfileFault = "link"      // not an http or https URL
	FaultPhone     ProfileFault = "phone"     // not a telephone number
	FaultBirthdate ProfileFault = "birthdate" // not a date, or a date in the future
	FaultZone      ProfileFault = "zone"      // not the name of a time zone
	FaultLanguage  ProfileFault = "language"  // not a language tag
)

// ProfileError refuses a change of a profile. It maps the name of each invalid entry to its fault.
type ProfileError map[string]ProfileFault

// Error names the invalid entries.
func (e ProfileError) Error() string {
	return "profile is not right: " + strings.Join(slices.Sorted(maps.Keys(e)), ", ")
}

// ErrChangedMeanwhile: the account was changed after the person opened the page.
var ErrChangedMeanwhile = errors.New("changed in the meantime")

// The claims that people set themselves (OIDC Core section 5.1), and the members of the claim address. Only operators set other claims.
var (
	ownTexts   = []string{"name", "given_name", "middle_name", "family_name", "nickname", "gender"}
	ownAddress = []string{"street_address", "locality", "region", "postal_code", "country"}
	ownFaults  = map[string]ProfileFault{
		"picture": FaultLink, "website": FaultLink, "phone_number": FaultPhone, "birthdate": FaultBirthdate, "zoneinfo": FaultZone, "locale": FaultLanguage,
	}
)

var (
	phoneNumber = regexp.MustCompile(`^\+?[0-9][0-9 ()./-]{2,38}(;ext=[0-9]{1,7})?$`)
	languageTag = regexp.MustCompile(`^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$`)
)

// Own is what people say about themselves: it maps the names of claims, and of members of the claim address, to texts. An empty text
// removes the entry.
type Own map[string]string

// OwnNames lists the names that may occur in an Own.
func OwnNames() []string {
	return slices.Concat(ownTexts, slices.Sorted(maps.Keys(ownFaults)), ownAddress)
}

// OwnOf returns what is stored about a user. An address that is stored only as a whole (formatted) is returned as street_address.
func OwnOf(user storage.User) Own {
	own := Own{}
	for _, name := range OwnNames() {
		own[name], _ = user.Claims[name].(string)
	}
	address, _ := user.Claims["address"].(map[string]any)
	parts := false
	for _, name := range ownAddress {
		own[name], _ = address[name].(string)
		parts = parts || own[name] != ""
	}
	if !parts {
		own["street_address"], _ = address["formatted"].(string)
	}
	return own
}

// ChangeProfile stores own; claims that it does not name stay unchanged. seen is the UpdatedAt of the user that the page has shown. A new
// telephone number becomes unverified. It returns the user as stored, even with ErrChangedMeanwhile.
//
// Errors: ProfileError, ErrChangedMeanwhile, *identity.InvalidError for a name that is not one of OwnNames.
func (s *Service) ChangeProfile(ctx context.Context, userID string, own Own, seen time.Time, visitor account.Visitor, now time.Time) (storage.User, error) {
	user, err := s.cfg.Store.Users.ByID(ctx, userID)
	if err != nil {
		return storage.User{}, err
	}
	changed, err := own.differences(user, now)
	if err != nil || len(changed) == 0 {
		return user, err
	}
	if !user.UpdatedAt.Equal(seen) {
		return user, ErrChangedMeanwhile
	}
	event := visitor.Event(audit.ProfileChanged, userID)
	event.Detail["claims"] = strings.Join(slices.Sorted(maps.Keys(changed)), " ")
	err = s.cfg.Store.InTx(ctx, func(ctx context.Context) error {
		if err := s.cfg.Store.Users.ReplaceClaims(ctx, userID, changed.applied(user.Claims), seen, now); err != nil {
			return err
		}
		return s.cfg.Audit.Record(ctx, event, now)
	})
	if err != nil && !errors.Is(err, storage.ErrStale) {
		return user, err
	}
	after, readErr := s.cfg.Store.Users.ByID(ctx, userID)
	if err != nil && readErr == nil {
		return after, ErrChangedMeanwhile
	}
	return after, readErr
}

// differences returns the entries that differ from the stored ones, without surrounding blanks, or a [ProfileError]. Unchanged entries are
// not checked.
func (own Own) differences(user storage.User, now time.Time) (Own, error) {
	stored, changed, faults := OwnOf(user), Own{}, ProfileError{}
	for name, text := range own {
		if _, known := stored[name]; !known {
			return nil, identity.Invalid("claims."+name, "is not the person's own to change")
		}
		text = strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n"))
		if text == stored[name] {
			continue
		}
		changed[name] = text
		if fault := ownFault(name, text, now); text != "" && fault != "" {
			faults[name] = fault
		}
	}
	if len(faults) > 0 {
		return nil, faults
	}
	return changed, nil
}

// ownFault returns what is wrong with an entry, or "" if it is valid.
func ownFault(name, text string, now time.Time) ProfileFault {
	if slices.Contains(ownAddress, name) {
		lines := strings.ReplaceAll(text, "\n", " ") // of a street address
		if len(text) > identity.MaxClaim || name != "street_address" && lines != text || !identity.Printable(lines) {
			return FaultText
		}
		return ""
	}
	wrong := name == "phone_number" && !phoneNumber.MatchString(text) || name == "locale" && !languageTag.MatchString(text) ||
		name == "birthdate" && !pastDate(text, now)
	if wrong || identity.ClaimFault(name, text) != "" {
		if fault, ok := ownFaults[name]; ok && utf8.RuneCountInString(text) <= identity.MaxClaim {
			return fault
		}
		return FaultText
	}
	return ""
}

// pastDate reports whether a text in the form YYYY or YYYY-MM-DD is a date that is not in the future. The year 0000 stands for an unknown year.
func pastDate(text string, now time.Time) bool {
	if len(text) == len("YYYY") {
		return text <= now.UTC().Format("2006")
	}
	day, yearless := strings.CutPrefix(text, "0000-")
	if yearless {
		text = "2000-" + day // a leap year
	}
	date, err := time.Parse(time.DateOnly, text)
	return err == nil && (yearless || !date.After(now))
}

// applied returns claims with the changes. If a part of the address changes, the whole address (formatted) is removed, because it would
// contradict the part.
func (own Own) applied(claims storage.Claims) storage.Claims {
	claims = maps.Clone(claims)
	if claims == nil {
		claims = storage.Claims{}
	}
	old, _ := claims["address"].(map[string]any)
	address := map[string]any{}
	maps.Copy(address, old)
	for name, text := range own {
		members := map[string]any(claims)
		if slices.Contains(ownAddress, name) {
			members = address
			delete(address, "formatted")
		}
		if members[name] = text; text == "" {
			delete(members, name)
		}
	}
	if claims["address"] = address; len(address) == 0 {
		delete(claims, "address")
	}
	if _, ok := own["phone_number"]; ok {
		delete(claims, "phone_number_verified")
	}
	return claims
}
