package biz

import (
	_ "context"
	_ "database/sql"
	_ "github.com/go-kratos/kratos/v2/errors"
	_ "github.com/onepool/onepool/api/order/v1"
	_ "github.com/onepool/onepool/app/internal/database"
	_ "github.com/onepool/onepool/app/internal/money"
	_ "github.com/onepool/onepool/app/order/internal/biz/price"
	_ "github.com/onepool/onepool/app/order/internal/data"
)
