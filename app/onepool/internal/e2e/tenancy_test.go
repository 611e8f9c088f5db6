package e2e

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/known/emptypb"
)

// atOnce is how many callers ask at the same time.
const atOnce = 8

func (w *world) http() overHTTP {
	return overHTTP{base: w.admin.Base(), http: &http.Client{Timeout: 30 * time.Second}}
}

// methods are all methods of the platform, found in the descriptors of the protos that are linked in.
func methods() (public, branch []protoreflect.MethodDescriptor) {
	protoregistry.GlobalFiles.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		if !strings.HasPrefix(string(file.Package()), "onepool.") {
			return true
		}
		for i := range file.Services().Len() {
			for m := range file.Services().Get(i).Methods().Len() {
				method := file.Services().Get(i).Methods().Get(m)
				if strings.HasSuffix(string(file.Services().Get(i).Name()), "Branch") {
					branch = append(branch, method)
				} else {
					public = append(public, method)
				}
			}
		}
		return true
	})
	byName := func(a, b protoreflect.MethodDescriptor) int {
		if a.Parent() != b.Parent() {
			return strings.Compare(string(a.FullName()), string(b.FullName()))
		}
		return a.Index() - b.Index() // as in the proto: what ends an object's life stands last
	}
	slices.SortFunc(public, byName)
	slices.SortFunc(branch, byName)
	return public, branch
}

// TestEveryMethodHasARule: a method that is forgotten in the table fails here, and so does a rule for no method.
func TestEveryMethodHasARule(t *testing.T) {
	public, branch := methods()
	require.NotEmpty(t, branch)
	left := map[string]bool{}
	for service, of := range rules {
		for method, r := range of {
			left[service+"."+method] = true
			named := map[string]bool{}
			for _, role := range strings.Fields(strings.Join([]string{r.sees, r.may, r.own, r.none, r.rows}, " ")) {
				require.Contains(t, roles, role, "%s.%s", service, method)
				require.False(t, named[role], "%s.%s: %s is named twice", service, method, role)
				named[role] = true
			}
			require.False(t, r.inside && len(named) > 0, "%s.%s is for centers only", service, method)
		}
	}
	for _, m := range public {
		require.Contains(t, left, string(m.FullName()), "who may call it? Say so in rules")
		delete(left, string(m.FullName()))
	}
	require.Empty(t, left, "rules for methods that are not there")

	// Each proto with a service is linked in, so none is looked past.
	api := filepath.Join(root(t), "api")
	require.NoError(t, filepath.WalkDir(api, func(path string, d os.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".proto") {
			return err
		}
		name, err := filepath.Rel(api, path)
		require.NoError(t, err)
		_, err = protoregistry.GlobalFiles.FindFileByPath(filepath.ToSlash(name))
		require.NoError(t, err, name)
		return nil
	}))
}

// TestNobodySeesWhatIsNotTheirs calls every method as everybody, over gRPC and HTTP, about somebody's objects.
func TestNobodySeesWhatIsNotTheirs(t *testing.T) {
	if testing.Short() {
		t.Skip("starts the whole platform")
	}
	p := serve(t, t.TempDir())
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	w := newWorld(t, ctx, p)
	public, branch := methods()
	ways := []transport{overGRPC{w.grpc}, w.http()}

	t.Run("wrong credentials", func(t *testing.T) {
		var all []func() error
		for _, m := range public {
			for name, by := range w.wrong {
				for _, way := range ways {
					all = append(all, func() error { return w.wrongCredential(m, name, by, way) })
				}
			}
		}
		inParallel(t, all)
	})
	for _, m := range public {
		t.Run(string(m.FullName()), func(t *testing.T) {
			r := rules[string(m.Parent().FullName())][string(m.Name())]
			// First all that must change nothing, at once; then those who may.
			var refused []func() error
			for _, way := range ways {
				for _, role := range roles {
					if v := r.verdict(role); v != may && v != sees {
						refused = append(refused, func() error { return w.check(m, r, role, v, way) })
					}
				}
			}
			inParallel(t, refused)
			for _, way := range ways {
				for _, role := range roles {
					if v := r.verdict(role); v == may || v == sees {
						if err := w.check(m, r, role, v, way); err != nil {
							t.Error(err)
						}
					}
				}
			}
		})
	}
	t.Run("lists", w.lists)
	t.Run("ways around", w.waysAround)
	t.Run("branches", func(t *testing.T) { w.branches(t, branch) })
	t.Run("raw routes", w.rawRoutes)
	t.Run("replay", w.replay)
	t.Run("logins", w.logins)
	t.Run("audit", func(t *testing.T) { auditClean(t, w.admin) })
}

// inParallel runs checks and reports what they found.
func inParallel(t *testing.T, checks []func() error) {
	var wait sync.WaitGroup
	next := make(chan func() error)
	for range atOnce {
		wait.Go(func() {
			for check := range next {
				if err := check(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for _, check := range checks {
		next <- check
	}
	close(next)
	wait.Wait()
}

type verdict string

const (
	refused       verdict = "403"
	withoutCaller verdict = "401"
	sees          verdict = "sees"
	may           verdict = "may"
	own           verdict = "own rows only"
	none          verdict = "404"
	rows          verdict = "no row taken"
)

func (r rule) verdict(role string) verdict {
	for _, v := range []struct {
		list string
		is   verdict
	}{{r.sees, sees}, {r.may, may}, {r.own, own}, {r.none, none}, {r.rows, rows}} {
		if who(v.list)[role] {
			return v.is
		}
	}
	if role == nobody {
		return withoutCaller
	}
	return refused
}

func (r rule) request(m protoreflect.MethodDescriptor, o objects) (proto.Message, error) {
	if r.ask != nil {
		return r.ask(o), nil
	}
	kind, err := protoregistry.GlobalTypes.FindMessageByName(m.Input().FullName())
	if err != nil {
		return nil, err
	}
	return kind.New().Interface(), nil
}

// check calls a method in a role and compares the answer with the rule.
func (w *world) check(m protoreflect.MethodDescriptor, r rule, role string, want verdict, way transport) error {
	by := w.callers[role]
	if !way.has(m) || by.signs() && way.name() != "http" { // only HTTP requests are signed
		return nil
	}
	got, err := w.ask(m, r, by, w.objects, way)
	if err != nil {
		return fmt.Errorf("%s by %s over %s: %w", m.FullName(), role, way.name(), err)
	}
	mark := w.objects.Paid
	if r.mark != nil {
		mark = r.mark(w.objects)
	}
	good := false
	switch want {
	case withoutCaller:
		good = got.code == http.StatusUnauthorized && got.reason == "UNAUTHENTICATED"
	case refused:
		good = got.code == http.StatusForbidden && got.reason == "FORBIDDEN"
	case sees:
		good = got.code == http.StatusOK && strings.Contains(got.body, mark)
	case own:
		good = got.code == http.StatusOK && !strings.Contains(got.body, mark)
	case rows:
		good = got.code == http.StatusOK && strings.Contains(got.body, "reason") && !strings.Contains(got.body, `"created":"1"`) &&
			!strings.Contains(got.body, `"updated":"1"`) && !strings.Contains(got.body, `"unchanged":"1"`)
	case may:
		good = got.code < 500 && got.code != http.StatusNotFound && !slices.Contains([]string{"UNAUTHENTICATED", "FORBIDDEN", "SIGNATURE_INVALID", "VALIDATOR", "CODEC"}, got.reason)
		if r.past != "" {
			good = got.reason == r.past
		}
	case none:
		good = got.code == http.StatusNotFound
	}
	if !good {
		return fmt.Errorf("%s by %s over %s: want %s, got %s", m.FullName(), role, way.name(), want, got)
	}
	if want != none {
		return nil
	}
	nothing := absent(w.objects)
	for i, name := range w.objects.pairs(nothing) {
		if i%2 == 0 && name == "" {
			return fmt.Errorf("object %d has no name", i)
		}
	}
	other, err := w.ask(m, r, by, nothing, way)
	if err != nil {
		return err
	}
	if told := strings.NewReplacer(w.objects.pairs(nothing)...).Replace(got.body); told != other.body {
		return fmt.Errorf("%s by %s over %s: what is another's looks unlike what is not there: %s, and %s", m.FullName(), role, way.name(), got, other)
	}
	return nil
}

func (w *world) ask(m protoreflect.MethodDescriptor, r rule, by credential, o objects, way transport) (answer, error) {
	in, err := r.request(m, o)
	if err != nil {
		return answer{}, err
	}
	return way.call(w.ctx, m, by, in)
}

// wrongCredential: what is wrong is refused everywhere, also where no credential is needed.
func (w *world) wrongCredential(m protoreflect.MethodDescriptor, name string, by credential, way transport) error {
	if !way.has(m) || way.name() != "http" && by.headers["authorization"] == "" {
		return nil
	}
	got, err := w.ask(m, rules[string(m.Parent().FullName())][string(m.Name())], by, w.objects, way)
	if err != nil {
		return fmt.Errorf("%s with %s over %s: %w", m.FullName(), name, way.name(), err)
	}
	if got.code != http.StatusUnauthorized || got.reason != "UNAUTHENTICATED" && got.reason != "SIGNATURE_INVALID" {
		return fmt.Errorf("%s with %s over %s: want 401, got %s", m.FullName(), name, way.name(), got)
	}
	return nil
}

// branches: what the coordinator calls is on no public port, whoever asks, and neither is what libraries bring along.
func (w *world) branches(t *testing.T, branch []protoreflect.MethodDescriptor) {
	var names []string
	for _, m := range branch {
		names = append(names, operation(m))
		require.Nil(t, route(m), "%s has a route of HTTP", m.FullName())
	}
	names = append(names, "/workflow.Workflow/Execute", "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", "/kratos.api.Metadata/ListServices",
		"/grpc.channelz.v1.Channelz/GetServers", "/dtmgimp.Dtm/Submit", "/onepool.order.v1.Order/NoSuchMethod")
	for _, role := range []string{nobody, memberA, f1manager, device, administrator} {
		ctx := w.as(role).GRPC(w.ctx)
		for _, name := range names {
			err := w.grpc.Invoke(ctx, name, &emptypb.Empty{}, &emptypb.Empty{})
			refusals := []codes.Code{codes.Unimplemented, codes.NotFound}
			if role == nobody {
				refusals = append(refusals, codes.Unauthenticated)
			}
			require.Contains(t, refusals, status.Code(err), "%s by %s: %v", name, role, err)
			got, err := w.http().send(w.ctx, http.MethodPost, name, w.callers[role], nil)
			require.NoError(t, err)
			require.Equal(t, http.StatusNotFound, got.code, "%s by %s: %v", name, role, got)
		}
	}
}

// rawRoutes have no proto: downloads and callbacks go through the same rules.
func (w *world) rawRoutes(t *testing.T) {
	w.exports(t)
	download := "/v1/rebate/statements/" + w.objects.Period + "/download"
	for _, role := range roles {
		got, err := w.http().send(w.ctx, http.MethodGet, download, w.callers[role], nil)
		require.NoError(t, err, role)
		switch rules["onepool.rebate.v1.Rebate"]["ListStatements"].verdict(role) {
		case sees:
			require.Equal(t, http.StatusOK, got.code, role)
			require.Contains(t, got.body, w.objects.HQOrder, role)
		case own:
			require.Equal(t, http.StatusOK, got.code, role)
			require.NotContains(t, got.body, w.objects.Org, role)
			of, err := w.http().send(w.ctx, http.MethodGet, download+"?payee_org="+w.objects.Org, w.callers[role], nil)
			require.NoError(t, err)
			require.NotContains(t, of.body, w.objects.HQOrder, role)
		case withoutCaller:
			require.Equal(t, http.StatusUnauthorized, got.code, role)
		default:
			require.Equal(t, http.StatusForbidden, got.code, role)
		}
	}
	for name, by := range w.wrong {
		got, err := w.http().send(w.ctx, http.MethodGet, download, by, nil)
		require.NoError(t, err, name)
		require.Equal(t, http.StatusUnauthorized, got.code, name)
	}
	// The provider's signature is the credential of its notification; nobody's own counts instead.
	for _, role := range []string{nobody, memberA, administrator} {
		got, err := w.http().send(w.ctx, http.MethodPost, "/v1/order/payments/sandbox/notify", w.callers[role], []byte(`{"payment_id":"`+w.objects.Payment+`"}`))
		require.NoError(t, err)
		require.Equal(t, http.StatusUnauthorized, got.code, "%s: %s", role, got)
	}
}

// replay: a signed request counts once, also when somebody else sends it again.
func (w *world) replay(t *testing.T) {
	body, err := protojson.Marshal(channelOrder(w.objects))
	require.NoError(t, err)
	by := w.callers[channel]
	signed := signature(by, http.MethodPost, "/channel/v1/orders", body)
	for i, want := range []int{http.StatusOK, http.StatusUnauthorized} {
		got, err := w.http().send(w.ctx, http.MethodPost, "/channel/v1/orders", credential{headers: signed}, body)
		require.NoError(t, err)
		require.Equal(t, want, got.code, "time %d: %s", i+1, got)
	}
	// The same signature for another body, path or method is none.
	fresh := credential{headers: signature(by, http.MethodPost, "/channel/v1/orders", body)}
	for _, other := range []struct{ verb, path, body string }{
		{http.MethodPost, "/channel/v1/orders", string(body) + " "}, {http.MethodPost, "/channel/v1/orders?x=1", string(body)}, {http.MethodGet, "/channel/v1/orders/TM-1", ""},
	} {
		got, err := w.http().send(w.ctx, other.verb, other.path, fresh, []byte(other.body))
		require.NoError(t, err)
		require.Equal(t, "SIGNATURE_INVALID", got.reason, got)
	}
}
