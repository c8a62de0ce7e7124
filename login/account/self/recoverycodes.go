package self

import (
	"context"
	"errors"
	"time"

	"github.com/postern-id/postern/login/account"
	"github.com/postern-id/postern/login/otp"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// CodeSheet is a set of new recovery codes that is being shown. [Service.KeepRecoveryCodes] puts it into force.
//
// The earlier codes stay valid until the person confirms having kept the new ones. Nobody ends up with useless codes if the page is closed,
// sent twice or open in two tabs: the same codes are shown for ten minutes, and the form names its set.
type CodeSheet struct {
	ID      string
	Account string // e-mail address
	Codes   []string
}

// RecoveryCodesLeft returns how many unused recovery codes a signed-in person has.
func (s *Service) RecoveryCodesLeft(ctx context.Context, who storage.SignIn) (int, error) {
	return s.cfg.Store.RecoveryCodes.CountUnused(ctx, who.User().ID)
}

// NewRecoveryCodes returns the pending codes of this browser, and creates them on the first call.
func (s *Service) NewRecoveryCodes(ctx context.Context, who Changer, now time.Time) (CodeSheet, error) {
	sheet, err := s.cfg.Store.RecoveryCodes.Sheet(ctx, who.user().ID, who.holder, now)
	if errors.Is(err, storage.ErrNotFound) {
		sheet, err = s.cfg.Store.RecoveryCodes.StartSheet(ctx, storage.CodeSheet{
			ID: storage.NewID(), UserID: who.user().ID, Holder: who.holder, Codes: otp.NewRecoveryCodes(),
			CreatedAt: now, ExpiresAt: now.Add(account.EnrolmentLife),
		}, now)
	}
	return CodeSheet{ID: sheet.ID, Account: who.user().Email, Codes: sheet.Codes}, err
}

// PendingRecoveryCodes returns the pending codes of this browser. Errors: account.ErrSheetGone.
func (s *Service) PendingRecoveryCodes(ctx context.Context, who Changer, now time.Time) (CodeSheet, error) {
	sheet, err := s.cfg.Store.RecoveryCodes.Sheet(ctx, who.user().ID, who.holder, now)
	if errors.Is(err, storage.ErrNotFound) {
		return CodeSheet{}, account.ErrSheetGone
	}
	return CodeSheet{ID: sheet.ID, Account: who.user().Email, Codes: sheet.Codes}, err
}

// KeepRecoveryCodes puts the set of codes with an id into force, which makes all earlier codes void. The owner is told, and all other
// sessions end. It is not an error if the codes are already in force.
//
// Errors: account.ErrSheetGone; account.ErrStartAgain when the sign-in has ended.
func (s *Service) KeepRecoveryCodes(ctx context.Context, who Changer, id string, visitor account.Visitor, now time.Time) error {
	sheet, err := s.PendingRecoveryCodes(ctx, who, now)
	if errors.Is(err, account.ErrSheetGone) || err == nil && sheet.ID != id {
		return s.unlessKept(ctx, who, id, account.ErrSheetGone)
	}
	if err != nil {
		return err
	}
	err = s.cfg.Store.InTx(ctx, func(ctx context.Context) error {
		if err := s.cfg.Store.Users.Lock(ctx, who.user()); err != nil {
			return err
		}
		if err := s.cfg.Store.RecoveryCodes.KeepSheet(ctx, sheet.ID, now); err != nil {
			return err
		}
		if err := s.cfg.RecoveryCodes.Replace(ctx, who.user().ID, sheet.Codes); err != nil {
			return err
		}
		if err := s.cfg.Store.Sessions.KeepOnly(ctx, who.user(), who.signIn.ID(), now); err != nil {
			return err
		}
		return s.factorChanged(ctx, who, audit.RecoveryCodesReplaced, account.NoticeRecoveryCodesReplaced, visitor, now)
	})
	if errors.Is(err, storage.ErrStale) {
		return s.unlessKept(ctx, who, id, account.ErrStartAgain)
	}
	return err
}

// unlessKept returns refusal, or nil if the same form, sent twice, has already put the codes into force.
func (s *Service) unlessKept(ctx context.Context, who Changer, id string, refusal error) error {
	kept, err := s.cfg.Store.RecoveryCodes.SheetKept(ctx, who.user().ID, id)
	if err != nil {
		return err
	}
	if kept {
		return nil
	}
	return refusal
}
