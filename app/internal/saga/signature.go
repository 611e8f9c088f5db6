package saga

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

const macKey = "x-onepool-mac"

// Branch is the part of a transaction that a call from the coordinator executes. Its ID tells apart the calls of one
// message; (GID, ID, Op) is what a barrier remembers.
type Branch struct {
	GID string
	ID  string
	Op  string
}

type branchKey struct{}

// BranchFromContext returns the verified branch of this call; false if the call did not come from the coordinator.
func BranchFromContext(ctx context.Context) (Branch, bool) {
	b, ok := ctx.Value(branchKey{}).(Branch)
	return b, ok
}

type signer struct{ secrets [][]byte }

func newSigner(secret []byte, old [][]byte) (signer, error) {
	secrets := append([][]byte{secret}, old...)
	for _, s := range secrets {
		if len(s) < MinSecretLen {
			return signer{}, fmt.Errorf("saga: a secret needs %d bytes or more", MinSecretLen)
		}
	}
	return signer{secrets: secrets}, nil
}

// sign covers the branch and its operation beside method and payload: the answer to "undo" must not open "action", nor
// one call of a message stand in for another.
func (s signer) sign(b Branch, method string, payload []byte) string {
	return base64.RawURLEncoding.EncodeToString(mac(s.secrets[0], b, method, payload))
}

func (s signer) verify(b Branch, method string, payload []byte, given []string) bool {
	for _, secret := range s.secrets {
		want := mac(secret, b, method, payload)
		for _, g := range given {
			if got, err := base64.RawURLEncoding.DecodeString(g); err == nil && hmac.Equal(got, want) {
				return true
			}
		}
	}
	return false
}

func mac(secret []byte, b Branch, method string, payload []byte) []byte {
	digest := sha256.Sum256(payload)
	h := hmac.New(sha256.New, secret)
	// Every part's length is written, so that no two lists of parts give the same text.
	for _, part := range []string{"onepool-branch-1", b.GID, b.ID, b.Op, method, string(digest[:])} {
		fmt.Fprintf(h, "%d:%s|", len(part), part)
	}
	return h.Sum(nil)
}

// VerifyBranch is the interceptor of a branch listener: it lets calls through that were signed with one of the secrets
// and puts their Branch into the context. Everything else is Unauthenticated, also when no coordinator is in sight.
func VerifyBranch(secret []byte, old ...[]byte) (grpc.UnaryServerInterceptor, error) {
	s, err := newSigner(secret, old)
	if err != nil {
		return nil, err
	}
	return s.intercept, nil
}

// VerifyBranch is the interceptor for calls that carry this coordinator's secrets.
func (c *Coordinator) VerifyBranch() grpc.UnaryServerInterceptor { return c.signer.intercept }

func (s signer) intercept(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	branch, err := s.check(ctx, req, info.FullMethod)
	if err != nil {
		return nil, status.Error(codes.Unauthenticated, "branch call refused: "+err.Error())
	}
	return handler(context.WithValue(ctx, branchKey{}, branch), req)
}

func (s signer) check(ctx context.Context, req any, method string) (Branch, error) {
	md, _ := metadata.FromIncomingContext(ctx)
	one := func(key string) string {
		if v := md.Get(key); len(v) == 1 {
			return v[0]
		}
		return "" // twice is as good as never
	}
	b := Branch{GID: one("dtm-gid"), ID: one("dtm-branch_id"), Op: one("dtm-op")}
	macs := one(macKey)
	if b.GID == "" || b.ID == "" || b.Op == "" || macs == "" {
		return Branch{}, errors.New("no signature")
	}
	m, ok := req.(proto.Message)
	if !ok {
		return Branch{}, fmt.Errorf("payload is %T", req)
	}
	payload, err := encode(m)
	if err != nil {
		return Branch{}, err
	}
	given := strings.SplitN(macs, ",", MaxCalls+1)
	if len(given) > MaxCalls || !s.verify(b, method, payload, given) {
		return Branch{}, errors.New("wrong signature")
	}
	return b, nil
}
