package data

import (
	"context"

	"github.com/onepool/onepool/app/inventory/internal/biz"
)

// onTheirWayMost bounds the transfers of one answer, those expected first: a store that waits for more gets by with these.
const onTheirWayMost = 1000

// OnTheirWay returns transfers to these locations that have been sent, and not all of which has arrived, whoever asks.
func (s *Store) OnTheirWay(ctx context.Context, to []string) ([]biz.TransferRow, error) {
	if len(to) == 0 {
		return nil, nil
	}
	args := append(anys(to), int8(biz.TransferSent), int8(biz.TransferReceiving), onTheirWayMost)
	return s.scanTransfers(ctx, s.db.Conn(ctx), "WHERE to_location IN ("+marks(len(to))+") AND state IN (?, ?) ORDER BY expected_us, id LIMIT ?", args...)
}
