package biz

// Member is a person as the brand knows it. The phone is not here: it is found by its hash and shown masked.
type Member struct {
	ID, PhoneHash string
	// PhoneMasked is what may be shown.
	PhoneMasked   string
	Name          string
	HomeStoreCode string
	Binding       Binding
	Channels      []string
	Tier          string
	Segments      []string // sorted
	CreatedUS     int64
	UpdatedUS     int64
}

// Acquaint lights a channel and gives a member without a home store its first one, which then stays. It says whether
// anything changed.
func (m *Member) Acquaint(channel, store string) bool {
	lit, changed := Light(m.Channels, channel)
	m.Channels = lit
	if m.HomeStoreCode == "" && store != "" {
		m.HomeStoreCode, changed = store, true
	}
	return changed
}
