package biz

// Binding says whose customer a member is: the guide has a share in what the member buys, in any channel.
type Binding struct {
	GuideCode string
	// StoreCode is where the guide worked when the binding was made.
	StoreCode string
	// Reason is how it came about: wecom, scan, purchase, import.
	Reason  string
	BoundUS int64
}

// Holds says whether the binding counts at a time: within its protection period.
func (b Binding) Holds(atUS, protectionUS int64) bool {
	return b.GuideCode != "" && atUS < b.BoundUS+protectionUS
}

// Rebind returns the binding that counts from now on: the first one wins as long as it is protected, then the next one
// may take over. It says whether anything changed. A guide who is bound already does not prolong the protection.
func (b Binding) Rebind(next Binding, protectionUS int64) (Binding, bool) {
	if next.GuideCode == "" || b.Holds(next.BoundUS, protectionUS) {
		return b, false
	}
	return next, true
}

// Because says why the guide earns, in words for a statement.
func (b Binding) Because() string {
	if b.GuideCode == "" {
		return ""
	}
	return "bound by " + b.Reason
}
