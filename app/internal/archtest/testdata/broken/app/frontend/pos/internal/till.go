package internal

import (
	_ "github.com/onepool/onepool/api/order/v1"
	_ "github.com/onepool/onepool/app/frontend/console"
	_ "github.com/onepool/onepool/app/frontend/pos"
	_ "github.com/onepool/onepool/app/internal/money"
	_ "github.com/onepool/onepool/app/order"
)
