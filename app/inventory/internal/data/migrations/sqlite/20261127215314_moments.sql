-- Create "moments" table
CREATE TABLE `moments` (`id` integer NOT NULL PRIMARY KEY AUTOINCREMENT, `at_us` integer NOT NULL, `stock_id` integer NOT NULL DEFAULT (0));
-- Create index "moment_at_us" to table: "moments"
CREATE INDEX `moment_at_us` ON `moments` (`at_us`);
