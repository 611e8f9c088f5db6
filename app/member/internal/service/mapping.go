package service

import (
	memberv1 "github.com/onepool/onepool/api/member/v1"
	"github.com/onepool/onepool/app/member/internal/biz"
	"github.com/onepool/onepool/app/member/internal/data"
)

func toRows(in []*memberv1.ImportMemberRow) []biz.ImportRow {
	rows := make([]biz.ImportRow, len(in))
	for i, r := range in {
		rows[i] = biz.ImportRow{Line: r.GetLine(), Phone: r.GetPhone(), Name: r.GetName(), HomeStoreCode: r.GetHomeStoreCode(),
			GuideCode: r.GetGuideCode(), Points: r.GetPoints(), Tier: r.GetTier(), Segments: r.GetSegments()}
	}
	return rows
}

func toMember(m *biz.Member) *memberv1.MemberInfo {
	return &memberv1.MemberInfo{Id: m.ID, Name: m.Name, PhoneMasked: m.PhoneMasked, HomeStoreCode: m.HomeStoreCode,
		GuideCode: m.Binding.GuideCode, CreatedAtUs: m.CreatedUS, Channels: m.Channels,
		Tier: m.Tier}
}

// toHeadquarters is a member as headquarters sees it: with the segments, which are nobody else's to read.
func toHeadquarters(m *biz.Member) *memberv1.MemberInfo {
	info := toMember(m)
	info.Segments = m.Segments
	return info
}

func toPoints(b biz.Balances) *memberv1.Points {
	return &memberv1.Points{Balance: b.Balance, Frozen: b.Frozen, Spendable: b.Balance - b.Frozen, Pending: b.Pending, Debt: b.Debt}
}

func toEntry(e data.Entry) *memberv1.PointsEntry {
	return &memberv1.PointsEntry{Id: e.ID, Reason: string(e.Reason), Document: e.Document, LineId: e.LineID, Points: e.Points,
		BalanceAfter: e.BalanceAfter, AtUs: e.AtUS, PendingPoints: e.Pending, DebtPoints: e.Debt}
}

func toDocument(d data.DocumentWithLines) *memberv1.DocumentPoints {
	out := &memberv1.DocumentPoints{Document: d.ID, Spent: d.Spent, GivenBack: d.GivenBack}
	if d.State == biz.DocumentFrozen {
		out.Frozen = d.Frozen
	}
	for _, l := range d.Lines {
		out.Lines = append(out.Lines, &memberv1.LinePoints{LineId: l.ID, Accrued: l.Accrued, Earned: l.Earned, ClawedBack: l.ClawedBack})
	}
	return out
}
