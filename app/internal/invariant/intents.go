package invariant

// Ended is the part of I16 that a center's intents show: a distributed command has come to an end.
func Ended() Check {
	return Check{
		ID: "I16", Title: "a distributed command reaches its end within 60 s",
		Counted:    "SELECT COUNT(*) FROM intents",
		Violations: "SELECT gid, method FROM intents WHERE state = 'open' AND created_us < ?",
		Args:       func(nowUS int64) []any { return []any{nowUS - settledUS} },
	}
}
