-- Create "deposits" table
CREATE TABLE `deposits` (`id` text NOT NULL, `org` text NOT NULL, `amount_minor` integer NOT NULL DEFAULT (0), `balance_from_us` integer NOT NULL DEFAULT (0), `balance_until_us` integer NOT NULL DEFAULT (0), `forfeit_bp` integer NOT NULL DEFAULT (0), `paid_us` integer NOT NULL DEFAULT (0), `payments` integer NOT NULL DEFAULT (0), `forfeited_minor` integer NOT NULL DEFAULT (0), `due_us` integer NOT NULL DEFAULT (0), PRIMARY KEY (`id`));
-- Create index "deposit_due_us" to table: "deposits"
CREATE INDEX `deposit_due_us` ON `deposits` (`due_us`);
