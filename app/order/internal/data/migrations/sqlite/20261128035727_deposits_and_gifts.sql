-- Create "deposits" table
CREATE TABLE `deposits` (`id` text NOT NULL, `org` text NOT NULL, `amount_minor` integer NOT NULL DEFAULT (0), `balance_from_us` integer NOT NULL DEFAULT (0), `balance_until_us` integer NOT NULL DEFAULT (0), `forfeit_bp` integer NOT NULL DEFAULT (0), `paid_us` integer NOT NULL DEFAULT (0), `payments` integer NOT NULL DEFAULT (0), `forfeited_minor` integer NOT NULL DEFAULT (0), `due_us` integer NOT NULL DEFAULT (0), PRIMARY KEY (`id`));
-- Create index "deposit_due_us" to table: "deposits"
CREATE INDEX `deposit_due_us` ON `deposits` (`due_us`);
-- Create "gift_orders" table
CREATE TABLE `gift_orders` (`id` text NOT NULL, `org` text NOT NULL, `message` text NOT NULL DEFAULT (''), `open_us` integer NOT NULL DEFAULT (0), `until_us` integer NOT NULL DEFAULT (0), `key_hash` text NOT NULL DEFAULT (''), `taken_us` integer NOT NULL DEFAULT (0), `taken_by` text NOT NULL DEFAULT (''), `due_us` integer NOT NULL DEFAULT (0), PRIMARY KEY (`id`));
-- Create index "giftorder_key_hash" to table: "gift_orders"
CREATE INDEX `giftorder_key_hash` ON `gift_orders` (`key_hash`);
-- Create index "giftorder_due_us" to table: "gift_orders"
CREATE INDEX `giftorder_due_us` ON `gift_orders` (`due_us`);
