package authn

import (
	"context"
	"crypto/sha256"
	"time"

	"github.com/onepool/onepool/app/internal/fault"
	"github.com/onepool/onepool/app/internal/tenancy"
)

// loginGrace is how long the last answer about a login is used while the store center cannot be asked: a restart of it
// does not stop the stores, and a revoked login is of use no longer than this.
const loginGrace = time.Minute

// LoginVerifier finds out whether a version of a person's login, the one that a token was issued for, is still in force.
// An error says that it cannot tell.
type LoginVerifier interface {
	LoginInForce(ctx context.Context, staff, version string) (bool, error)
}

// Logins puts a short memory before a LoginVerifier: one question at a time for each token's login, answers for 5 s. While
// it cannot be asked, answers count for a minute from their question; then, and for logins without an answer, it is 503.
type Logins struct {
	verifier LoginVerifier
	answers  *answers[struct{}]
}

// NewLogins wraps a verifier. now is time.Now, or a test's clock.
func NewLogins(verifier LoginVerifier, now func() time.Time) *Logins {
	return &Logins{verifier, newAnswers[struct{}](loginGrace, now)}
}

// Verify refuses a person whose login has ended or changed since the token was issued.
func (l *Logins) Verify(ctx context.Context, p tenancy.Principal, version string) error {
	if l.verifier == nil || version == "" {
		return fault.Unauthenticated()
	}
	// The version is part of what is asked: who signs in anew is not refused for what was known of the old login.
	sum := sha256.Sum256([]byte(p.ID + "\x00" + version))
	_, inForce, err := l.answers.get(ctx, sum, func(ctx context.Context) (struct{}, bool, error) {
		inForce, err := l.verifier.LoginInForce(ctx, p.ID, version)
		if err != nil {
			err = fault.Unavailable().WithCause(err) // whatever went wrong there is not the caller's fault
		}
		return struct{}{}, inForce, err
	})
	if err == nil && !inForce {
		err = fault.Unauthenticated()
	}
	return err
}
