package pricing

import _ "github.com/onepool/onepool/app/internal/database"
