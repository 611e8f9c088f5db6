package service

import (
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/reflect/protoreflect"

	productv1 "github.com/onepool/onepool/api/product/v1"
	"github.com/onepool/onepool/app/product/internal/biz"
)

// Every field of a row reaches the SKU, and every field of the answer is filled: a field that is added to the proto and
// forgotten in the mapping is seen here.
func TestMappingForgetsNoField(t *testing.T) {
	in := &productv1.ImportProductRow{Line: 2, Sku: "A", Spu: "P", Barcode: "6901234567892", TitleZh: "茶", TitleEn: "tea", Category: "green",
		ListPriceMinor: 5, Currency: "CNY", WeightG: 6, TaxClass: "food", Returnable: true, Brand: "QY"}
	full(t, in.ProtoReflect())
	plan := biz.Import(biz.Known{}, toRows([]*productv1.ImportProductRow{in}), 7)
	out := toAPI(plan.Create[0])
	full(t, out.ProtoReflect())
	require.Equal(t, "P", out.Spu)
	require.Equal(t, "food", out.TaxClass)
	require.Equal(t, int64(6), out.WeightG)
	require.Equal(t, []string{"QY", "green"}, []string{out.Brand, out.Category})
	require.Equal(t, map[string]string{"zh-CN": "茶", "en": "tea"}, out.Title)
}

func full(t *testing.T, m protoreflect.Message) {
	t.Helper()
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		require.True(t, m.Has(fields.Get(i)), "%s is not filled", fields.Get(i).FullName())
	}
}
