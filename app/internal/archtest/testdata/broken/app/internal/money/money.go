package money

import (
	_ "github.com/onepool/onepool/api/common/v1"
	_ "github.com/onepool/onepool/api/order/v1"
	_ "github.com/onepool/onepool/app/internal/ids"
	_ "github.com/stretchr/testify/require"
)
