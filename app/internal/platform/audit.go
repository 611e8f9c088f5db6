package platform

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"

	"github.com/onepool/onepool/app/internal/database"
)

// auditPage bounds how many entries VerifyAudit holds at a time.
const auditPage = 500

// AuditEntry says who did what to whom.
type AuditEntry struct {
	Actor   string // caller, e.g. "hq:usr_..."
	Action  string // e.g. "member.phone.reveal"
	Subject string // id of what it was done to
	Detail  []byte // no personal data in clear
}

// AppendAudit adds an entry to the chain, in ctx's transaction. It locks the head of the chain until the commit, so it
// belongs at the end of a transaction.
func AppendAudit(ctx context.Context, e AuditEntry) error {
	db, err := database.FromContext(ctx)
	if err != nil {
		return fmt.Errorf("append audit entry: %w", err)
	}
	now, err := db.Now(ctx)
	if err != nil {
		return err
	}
	q := db.Conn(ctx)
	var seq int64
	var prev []byte
	err = q.QueryRowContext(ctx, "SELECT seq, hash FROM audit_head WHERE id = 1"+db.ForUpdate()).Scan(&seq, &prev)
	if err != nil {
		return fmt.Errorf("audit head: %w", err)
	}
	seq++
	sum := auditHash(seq, now, e, prev)
	_, err = q.ExecContext(ctx, "INSERT INTO audit_log (seq, at_us, actor, action, subject, detail, prev_hash, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		seq, now, e.Actor, e.Action, e.Subject, nonNil(e.Detail), prev, sum)
	if err != nil {
		return fmt.Errorf("append audit entry: %w", err)
	}
	if _, err := q.ExecContext(ctx, "UPDATE audit_head SET seq = ?, hash = ? WHERE id = 1", seq, sum); err != nil {
		return fmt.Errorf("audit head: %w", err)
	}
	return nil
}

// AuditBreak is the first place where the chain does not hold.
type AuditBreak struct {
	Seq    int64
	Reason string
}

// Error says where and why.
func (b AuditBreak) Error() string {
	return fmt.Sprintf("audit chain broken at %d: %s", b.Seq, b.Reason)
}

// VerifyAudit recomputes the chain over one snapshot and returns how many entries it has, or an AuditBreak.
func VerifyAudit(ctx context.Context, db *database.DB) (entries int64, err error) {
	err = db.InSnapshot(ctx, func(ctx context.Context) error {
		prev := make([]byte, sha256.Size)
		for {
			n, last, err := verifyPage(ctx, db, entries, prev)
			if err != nil {
				return err
			}
			entries, prev = entries+n, last
			if n < auditPage {
				break
			}
		}
		var seq int64
		var head []byte
		if err := db.Conn(ctx).QueryRowContext(ctx, "SELECT seq, hash FROM audit_head WHERE id = 1").Scan(&seq, &head); err != nil {
			return fmt.Errorf("audit head: %w", err)
		}
		if seq != entries || !bytes.Equal(head, prev) {
			return AuditBreak{Seq: entries + 1, Reason: "entries are missing at the end"}
		}
		return nil
	})
	return entries, err
}

func verifyPage(ctx context.Context, db *database.DB, after int64, prev []byte) (n int64, last []byte, err error) {
	rows, err := db.Conn(ctx).QueryContext(ctx,
		"SELECT seq, at_us, actor, action, subject, detail, prev_hash, hash FROM audit_log WHERE seq > ? ORDER BY seq LIMIT ?", after, auditPage)
	if err != nil {
		return 0, nil, fmt.Errorf("read audit log: %w", err)
	}
	defer rows.Close()
	for last = prev; rows.Next(); n++ {
		var seq, at int64
		var e AuditEntry
		var before, sum []byte
		if err := rows.Scan(&seq, &at, &e.Actor, &e.Action, &e.Subject, &e.Detail, &before, &sum); err != nil {
			return 0, nil, fmt.Errorf("read audit log: %w", err)
		}
		switch {
		case seq != after+n+1:
			return 0, nil, AuditBreak{Seq: after + n + 1, Reason: "entry is missing"}
		case !bytes.Equal(before, last):
			return 0, nil, AuditBreak{Seq: seq, Reason: "does not follow the entry before"}
		case !bytes.Equal(sum, auditHash(seq, at, e, before)):
			return 0, nil, AuditBreak{Seq: seq, Reason: "entry was changed"}
		}
		last = sum
	}
	return n, last, rows.Err()
}

func auditHash(seq, at int64, e AuditEntry, prev []byte) []byte {
	h := sha256.New()
	h.Write(prev)
	writeInt(h, seq)
	writeInt(h, at)
	for _, part := range [][]byte{[]byte(e.Actor), []byte(e.Action), []byte(e.Subject), e.Detail} {
		writeInt(h, int64(len(part))) // lengths keep "ab"+"c" and "a"+"bc" apart
		h.Write(part)
	}
	return h.Sum(nil)
}

func writeInt(h hash.Hash, v int64) {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(v))
	h.Write(b[:])
}

func nonNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
