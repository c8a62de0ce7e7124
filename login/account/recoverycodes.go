package account

import (
	"context"
	"errors"
	"time"

	"github.com/postern-id/postern/login/otp"
	"github.com/postern-id/postern/storage"
	"github.com/postern-id/postern/storage/audit"
)

// CodeSheet is a set of new recovery codes on its way: shown, and not in force before KeepRecoveryCodes.
//
// The earlier codes stay good until the person has said that the new ones are kept, so that a page that was closed, sent twice or open in
// two tabs leaves nobody with a dead sheet: the same codes are shown for ten minutes, and the page says which set it means.
type CodeSheet struct {
	ID      string
	Account string // e-mail address
	Codes   []string
}

// RecoveryCodesLeft returns how many unused recovery codes a signed-in person has.
func (s *Service) RecoveryCodesLeft(ctx context.Context, who storage.SignIn) (int, error) {
	return s.store.RecoveryCodes.CountUnused(ctx, who.User().ID)
}

// NewRecoveryCodes returns the codes that are being shown in this browser, making them when there are none.
func (s *Service) NewRecoveryCodes(ctx context.Context, who Changer, now time.Time) (CodeSheet, error) {
	sheet, err := s.store.RecoveryCodes.Sheet(ctx, who.user().ID, who.holder, now)
	if errors.Is(err, storage.ErrNotFound) {
		sheet, err = s.store.RecoveryCodes.StartSheet(ctx, storage.CodeSheet{
			ID: storage.NewID(), UserID: who.user().ID, Holder: who.holder, Codes: otp.NewRecoveryCodes(),
			CreatedAt: now, ExpiresAt: now.Add(enrolmentLife),
		}, now)
	}
	return CodeSheet{ID: sheet.ID, Account: who.user().Email, Codes: sheet.Codes}, err
}

// PendingRecoveryCodes returns the codes that are being shown in this browser, or ErrSheetGone.
func (s *Service) PendingRecoveryCodes(ctx context.Context, who Changer, now time.Time) (CodeSheet, error) {
	sheet, err := s.store.RecoveryCodes.Sheet(ctx, who.user().ID, who.holder, now)
	if errors.Is(err, storage.ErrNotFound) {
		return CodeSheet{}, ErrSheetGone
	}
	return CodeSheet{ID: sheet.ID, Account: who.user().Email, Codes: sheet.Codes}, err
}

// KeepRecoveryCodes puts the codes with an id into force: all earlier ones are dead from then on. The owner is told, and all other
// sessions end. Codes that are in force already are no error.
//
// Errors: ErrSheetGone; ErrStartAgain when the sign-in has ended.
func (s *Service) KeepRecoveryCodes(ctx context.Context, who Changer, id string, visitor Visitor, now time.Time) error {
	sheet, err := s.PendingRecoveryCodes(ctx, who, now)
	if errors.Is(err, ErrSheetGone) || err == nil && sheet.ID != id {
		return s.unlessKept(ctx, who, id, ErrSheetGone)
	}
	if err != nil {
		return err
	}
	err = s.store.InTx(ctx, func(ctx context.Context) error {
		if err := s.store.Users.Lock(ctx, who.user()); err != nil {
			return err
		}
		if err := s.store.RecoveryCodes.KeepSheet(ctx, sheet.ID, now); err != nil {
			return err
		}
		if err := s.replaceRecoveryCodes(ctx, who.user().ID, sheet.Codes); err != nil {
			return err
		}
		if err := s.store.Sessions.KeepOnly(ctx, who.user(), who.signIn.ID(), now); err != nil {
			return err
		}
		return s.factorChanged(ctx, who, audit.RecoveryCodesReplaced, NoticeRecoveryCodesReplaced, visitor, now)
	})
	if errors.Is(err, storage.ErrStale) {
		return s.unlessKept(ctx, who, id, ErrStartAgain)
	}
	return err
}

// unlessKept returns refusal, but nothing when the codes were put into force by the same form, sent twice.
func (s *Service) unlessKept(ctx context.Context, who Changer, id string, refusal error) error {
	kept, err := s.store.RecoveryCodes.SheetKept(ctx, who.user().ID, id)
	if err != nil {
		return err
	}
	if kept {
		return nil
	}
	return refusal
}
