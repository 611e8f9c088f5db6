package biz

import "strings"

// ExternalNo is the number that the channel itself gave: a till's receipt number without its store, none of the mall.
func (h Header) ExternalNo() string {
	switch h.Kind {
	case KindTill:
		return strings.TrimPrefix(h.SourceNo, h.ShopStore+"/")
	case KindChannel:
		return h.SourceNo
	}
	return ""
}
