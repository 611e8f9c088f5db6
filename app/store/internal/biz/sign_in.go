package biz

// Bounds of guessing a password.
const (
	MaxAttempts     = 10
	AttemptWindowUS = 15 * 60 * 1_000_000
)

// Login is a sign-in name with the attempts that were not proven right yet.
type Login struct {
	Name, Staff, PasswordHash string
	Attempts                  int64
	WindowUS                  int64 // when the window of attempts began
}

// Attempt counts an attempt before the password is looked at, so that parallel ones are counted too. When there were too
// many it says how long to wait.
func (l Login) Attempt(nowUS int64) (Login, bool, int64) {
	if nowUS >= l.WindowUS+AttemptWindowUS || nowUS < l.WindowUS {
		l.WindowUS, l.Attempts = nowUS, 0
	}
	if l.Attempts >= MaxAttempts {
		return l, false, l.WindowUS + AttemptWindowUS - nowUS
	}
	l.Attempts++
	return l, true, 0
}

// Standing is as whom a person acts.
type Standing string

// Who acts for headquarters sees everything; for a dealer, its organisation and those below; for a store, its
// organisation.
const (
	ForHeadquarters Standing = "hq"
	ForDealer       Standing = "dealer"
	ForStore        Standing = "franchisee"
)

// StandingOf says as whom a person acts. Staff of a direct store work for headquarters' organisation but are not
// headquarters: a clerk there must not see franchisees' data.
func StandingOf(s Staff, org Organisation) Standing {
	switch {
	case org.Kind == Headquarters && s.Store == "":
		return ForHeadquarters
	case org.Kind == Dealer:
		return ForDealer
	}
	return ForStore
}
