package simulate

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	inventoryv1 "github.com/onepool/onepool/api/inventory/v1"
	"github.com/onepool/onepool/app/internal/csvload"
)

func TestAWayIsReadAsStrategiesAndAsTheAPIWriteIt(t *testing.T) {
	all, required := Columns()
	for written, want := range map[string]inventoryv1.DeliveryWay{
		"": inventoryv1.DeliveryWay_PARCEL, "parcel": inventoryv1.DeliveryWay_PARCEL, "PICKUP": inventoryv1.DeliveryWay_PICKUP,
		"local_delivery": inventoryv1.DeliveryWay_LOCAL_DELIVERY, "plane": 0, "delivery_way_unspecified": 0,
	} {
		file, err := csvload.Read(strings.NewReader("order,sku,way\n1,TEA,"+written+"\n"), csvload.Options{Columns: all, Required: required})
		require.NoError(t, err)
		row, err := file.Next()
		require.NoError(t, err)
		o := &inventoryv1.SimulationOrder{}
		err = fill(o, row)
		if want == 0 {
			require.ErrorContains(t, err, "is none of", "%q", written)
			continue
		}
		require.NoError(t, err, "%q", written)
		require.Equal(t, want, o.Way, "%q", written)
	}
}
