package biz

import (
	_ "github.com/onepool/onepool/app/inventory"
	_ "github.com/stretchr/testify/require"
	_ "testing"
)
