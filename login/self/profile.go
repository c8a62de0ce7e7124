package self

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/postern-id/postern/login/account/self"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/templates"
)

// profileFields are the fields of the page, grouped by who sees them.
var profileFields = []templates.FieldGroup{
	{Title: templates.T("profile.person"), Who: templates.T("profile.person_who"), Fields: []templates.Field{
		{Name: "name", Type: "text", Autocomplete: "name"},
		{Name: "given_name", Type: "text", Autocomplete: "given-name"},
		{Name: "middle_name", Type: "text", Autocomplete: "additional-name"},
		{Name: "family_name", Type: "text", Autocomplete: "family-name"},
		{Name: "nickname", Type: "text", Autocomplete: "nickname"},
		{Name: "gender", Type: "text", Autocomplete: "sex"},
		{Name: "birthdate", Type: "text", Autocomplete: "bday", Hint: templates.T("profile.birthdate_hint")},
		{Name: "picture", Type: "url", Autocomplete: "photo", Hint: templates.T("profile.link_hint")},
		{Name: "website", Type: "url", Autocomplete: "url", Hint: templates.T("profile.link_hint")},
		{Name: "zoneinfo", Type: "text", Autocomplete: "off", Hint: templates.T("profile.zoneinfo_hint")},
		{Name: "locale", Autocomplete: "language", Hint: templates.T("profile.locale_hint")},
	}},
	{Title: templates.T("profile.phone"), Who: templates.T("profile.phone_who"), Fields: []templates.Field{
		{Name: "phone_number", Type: "tel", Autocomplete: "tel", Hint: templates.T("profile.phone_number_hint")},
	}},
	{Title: templates.T("profile.address"), Who: templates.T("profile.address_who"), Fields: []templates.Field{
		{Name: "street_address", Autocomplete: "street-address", Lines: true},
		{Name: "postal_code", Type: "text", Autocomplete: "postal-code"},
		{Name: "locality", Type: "text", Autocomplete: "address-level2"},
		{Name: "region", Type: "text", Autocomplete: "address-level1"},
		{Name: "country", Type: "text", Autocomplete: "country-name"},
	}},
}

// showProfile is GET /account/profile.
func (p *Pages) showProfile(c *gin.Context) error {
	signIn, err := p.signedIn(c, "profile")
	if err != nil {
		return err
	}
	view := profileView(self.OwnOf(signIn.User()), signIn.User().UpdatedAt.Time, nil)
	view.AccountPage = p.accountPage(c, signIn, "profile")
	return p.cfg.Pages.Render(c, http.StatusOK, view)
}

// profileView fills the fields with own, and shows the faults beside their fields.
func profileView(own self.Own, seen time.Time, wrong map[string]templates.Text) templates.Profile {
	view, found := templates.Profile{Seen: strconv.FormatInt(seen.UnixMicro(), 10)}, false
	for _, group := range profileFields {
		fields := make([]templates.Field, len(group.Fields))
		for i, field := range group.Fields {
			field.Label, field.Value, field.Error = templates.T("profile."+field.Name), own[field.Name], wrong[field.Name]
			if field.Name == "locale" {
				field.Options = languageOptions(own["locale"])
			}
			field.Focus, found = !found && field.Error.Key != "", found || field.Error.Key != ""
			fields[i] = field
		}
		group.Fields = fields
		view.Groups = append(view.Groups, group)
	}
	return view
}

func languageOptions(locale string) []templates.Option {
	picked, known := templates.MatchLanguage(locale)
	options := []templates.Option{{Label: templates.T("profile.locale_none"), Selected: !known}}
	for _, l := range templates.Languages() {
		options = append(options, templates.Option{Value: l.Tag, Name: l.Name, Lang: l.Tag, Selected: known && l == picked})
	}
	return options
}

// changeProfile is POST /account/profile.
func (p *Pages) changeProfile(c *gin.Context) error {
	signIn, err := p.signedIn(c, "profile")
	if err != nil {
		return err
	}
	user := signIn.User()
	own, seen, err := readProfile(c, user)
	if err != nil {
		return err
	}
	changed, err := p.cfg.Account.ChangeProfile(c.Request.Context(), user.ID, own, seen, p.cfg.Sessions.Visitor(c), time.Now())
	var faults self.ProfileError
	switch {
	case errors.As(err, &faults):
		view := profileView(own, seen, faultTexts(faults))
		view.AccountPage = withMessage(p.accountPage(c, signIn, "profile"), templates.T("profile.wrong"))
		return p.cfg.Pages.Render(c, http.StatusUnprocessableEntity, view)
	case errors.Is(err, self.ErrChangedMeanwhile):
		view := profileView(own, changed.UpdatedAt.Time, storedTexts(own, self.OwnOf(changed)))
		view.AccountPage = withMessage(p.accountPage(c, signIn, "profile"), templates.T("profile.stale"))
		return p.cfg.Pages.Render(c, http.StatusConflict, view)
	case err != nil:
		return err
	}
	p.setLanguage(c, user, changed)
	return p.redirectDone(c, "profile", "profile")
}

// readProfile returns the entries of the form. It reads only the fields of the page.
func readProfile(c *gin.Context, user storage.User) (self.Own, time.Time, error) {
	stored, own := self.OwnOf(user), self.Own{}
	micro, err := strconv.ParseInt(c.Request.PostForm.Get("seen"), 10, 64)
	if err != nil {
		return nil, time.Time{}, &templates.FormError{Status: http.StatusBadRequest, Message: templates.T("profile.bad_field")}
	}
	for name := range c.Request.PostForm {
		if _, ours := stored[name]; !ours && name != "seen" {
			return nil, time.Time{}, &templates.FormError{Status: http.StatusBadRequest, Message: templates.T("profile.bad_field")}
		}
		if name != "seen" {
			own[name] = c.Request.PostForm.Get(name)
		}
	}
	if picked, given := own["locale"]; given {
		own["locale"] = keepLocale(picked, stored["locale"])
	}
	return own, time.UnixMicro(micro), nil
}

// keepLocale returns the locale to store for the language that was picked: the stored locale, which may be more precise, if it has that
// language. For a language that Postern does not have, it returns a locale that cannot be stored.
func keepLocale(picked, stored string) string {
	shown, known := templates.MatchLanguage(stored)
	switch {
	case picked == "" && !known, known && picked == shown.Tag:
		return stored
	case picked == "":
		return ""
	}
	for _, l := range templates.Languages() {
		if l.Tag == picked {
			return picked
		}
	}
	return "?"
}

// setLanguage shows this browser the language that the person has just chosen.
func (p *Pages) setLanguage(c *gin.Context, before, after storage.User) {
	locale, _ := after.Claims["locale"].(string)
	if picked, ok := templates.MatchLanguage(locale); ok && locale != before.Claims["locale"] {
		p.cfg.Pages.SetLanguage(c, picked)
	}
}

func faultTexts(faults self.ProfileError) map[string]templates.Text {
	texts := map[string]templates.Text{}
	for name, fault := range faults {
		texts[name] = templates.T("profile.fault_" + string(fault))
	}
	return texts
}

// storedTexts returns the stored text for each field in which another text was typed.
func storedTexts(typed, stored self.Own) map[string]templates.Text {
	texts := map[string]templates.Text{}
	for name, text := range typed {
		switch {
		case text == stored[name]:
		case stored[name] == "":
			texts[name] = templates.T("profile.stored_nothing")
		default:
			texts[name] = templates.T("profile.stored", "Text", stored[name])
		}
	}
	return texts
}
