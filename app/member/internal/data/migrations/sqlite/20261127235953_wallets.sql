-- Create "wallets" table
CREATE TABLE `wallets` (`id` text NOT NULL, `org` text NOT NULL, `currency` text NOT NULL DEFAULT (''), `balance_minor` integer NOT NULL DEFAULT (0), `seq` integer NOT NULL DEFAULT (0), PRIMARY KEY (`id`));
-- Create "wallet_entries" table
CREATE TABLE `wallet_entries` (`id` text NOT NULL, `org` text NOT NULL, `member_id` text NOT NULL, `seq` integer NOT NULL, `kind` text NOT NULL, `payment_id` text NOT NULL DEFAULT (''), `amount_minor` integer NOT NULL, `balance_after` integer NOT NULL, `payee` text NOT NULL DEFAULT (''), `note` text NOT NULL DEFAULT (''), `actor` text NOT NULL DEFAULT (''), `at_us` integer NOT NULL, PRIMARY KEY (`id`));
-- Create index "walletentry_member_id_seq" to table: "wallet_entries"
CREATE UNIQUE INDEX `walletentry_member_id_seq` ON `wallet_entries` (`member_id`, `seq`);
-- Create index "walletentry_payment_id" to table: "wallet_entries"
CREATE INDEX `walletentry_payment_id` ON `wallet_entries` (`payment_id`);
