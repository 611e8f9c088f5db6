package e2e

import (
	"google.golang.org/protobuf/proto"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
)

// What allocation goes by is headquarters'. How a location works is its organisation's and headquarters'.
func init() {
	const kind, name = inventoryv1.RulesetKind_STRATEGY, "nobodys"
	rules["onepool.inventory.v1.Strategies"] = map[string]rule{
		"CreateRuleset": {may: editors, ask: func(objects) proto.Message {
			return &inventoryv1.CreateRulesetRequest{RequestId: id(), Kind: kind, Name: name, Body: `{"stages": [{"name": "one"}]}`}
		}},
		"UpdateRuleset": {none: editors, ask: func(objects) proto.Message {
			return &inventoryv1.UpdateRulesetRequest{RequestId: id(), Kind: kind, Name: name, Version: 999, Body: `{"stages": [{"name": "one"}]}`, ExpectedRevision: 1}
		}},
		"ValidateRuleset": {may: hq, ask: func(objects) proto.Message {
			return &inventoryv1.ValidateRulesetRequest{Kind: kind, Name: name, Body: `{}`}
		}},
		"ActivateRuleset": {none: editors, ask: func(objects) proto.Message {
			return &inventoryv1.ActivateRulesetRequest{RequestId: id(), Kind: kind, Name: name, Version: 999, ExpectedRevision: 1}
		}},
		"ArchiveRuleset": {none: editors, ask: func(objects) proto.Message {
			return &inventoryv1.ArchiveRulesetRequest{RequestId: id(), Kind: kind, Name: name, Version: 999}
		}},
		"GetRuleset": {none: hq, ask: func(objects) proto.Message {
			return &inventoryv1.GetRulesetRequest{Kind: kind, Name: name, Version: 999}
		}},
		"ListRulesets": {may: hq},
		"PutLocationProfile": {may: "f1manager " + editors, none: "f1other dealer " + strangers, ask: func(o objects) proto.Message {
			return &inventoryv1.PutLocationProfileRequest{RequestId: id(), Profile: &inventoryv1.LocationProfile{Location: o.Store, TimeZone: "Asia/Shanghai"}}
		}},
		"GetLocationProfile": {sees: f1staff + "f1other device " + hq, none: "dealer " + strangers, mark: storeOf, ask: func(o objects) proto.Message {
			return &inventoryv1.GetLocationProfileRequest{Location: o.Store}
		}},
	}
}
