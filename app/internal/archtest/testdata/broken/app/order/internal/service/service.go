package service

import (
	_ "github.com/onepool/onepool/api/inventory/v1"
	_ "github.com/onepool/onepool/app/order/internal/biz"
	_ "github.com/onepool/onepool/app/order/internal/data"
)
