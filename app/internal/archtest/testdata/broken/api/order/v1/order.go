package v1

import (
	_ "github.com/onepool/onepool/app/order"
)
