package complete

import _ "embed"

//go:embed raw.yaml
var raw []byte

// Platform is what the document says about the API as a whole. A test compares Open with what the doors register.
var Platform = About{
	Title:   "onepool",
	Version: "v1",
	Description: "One pool of stock, orders, members and rebates for all channels of a brand. " +
		"Amounts are integers in minor units of their currency, times are microseconds since 1970 UTC; 64-bit integers travel as text. " +
		"Every command takes a request_id: the same id with the same body gets the same answer for 35 days. " +
		"Unknown fields, parameters and enum names are refused. Lists are paged: page_size is at most 200, page_token comes from the answer before.",
	Open: []string{
		"/onepool.frontend.miniprogram.v1.MiniProgram/GetProduct",
		"/onepool.frontend.miniprogram.v1.MiniProgram/ListProducts",
		"/onepool.frontend.miniprogram.v1.MiniProgram/SendSignInCode",
		"/onepool.frontend.miniprogram.v1.MiniProgram/SignIn",
		"/onepool.frontend.miniprogram.v1.MiniProgramCarts/GetGuestCart",
		"/onepool.frontend.miniprogram.v1.MiniProgramCarts/OpenGuestCart",
		"/onepool.frontend.miniprogram.v1.MiniProgramCarts/SetGuestCartLine",
		"/onepool.store.v1.Store/SignInStaff",
	},
	Signed: []string{"onepool.frontend.ecommerce.v1"},
	Raw:    raw,
}
