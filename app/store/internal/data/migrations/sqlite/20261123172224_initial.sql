-- Create "admin_keys" table
CREATE TABLE `admin_keys` (`id` text NOT NULL, `org` text NOT NULL, `key_hash` text NOT NULL, `updated_us` integer NOT NULL, PRIMARY KEY (`id`));
-- Create "channel_accounts" table
CREATE TABLE `channel_accounts` (`id` text NOT NULL, `org` text NOT NULL, `key_id` text NOT NULL, `channel` text NOT NULL, `name` text NOT NULL, `created_us` integer NOT NULL, `revoked_us` integer NOT NULL, PRIMARY KEY (`id`));
-- Create index "channelaccount_key_id" to table: "channel_accounts"
CREATE UNIQUE INDEX `channelaccount_key_id` ON `channel_accounts` (`key_id`);
-- Create "devices" table
CREATE TABLE `devices` (`id` text NOT NULL, `org` text NOT NULL, `store_code` text NOT NULL, `name` text NOT NULL, `key_hash` text NOT NULL, `created_us` integer NOT NULL, `revoked_us` integer NOT NULL, PRIMARY KEY (`id`));
-- Create index "device_store_code_id" to table: "devices"
CREATE INDEX `device_store_code_id` ON `devices` (`store_code`, `id`);
-- Create "logins" table
CREATE TABLE `logins` (`id` text NOT NULL, `org` text NOT NULL, `staff_code` text NOT NULL, `password_hash` text NOT NULL, `attempts` integer NOT NULL, `window_us` integer NOT NULL, PRIMARY KEY (`id`));
-- Create index "login_staff_code" to table: "logins"
CREATE UNIQUE INDEX `login_staff_code` ON `logins` (`staff_code`);
-- Create "nonces" table
CREATE TABLE `nonces` (`id` text NOT NULL, `org` text NOT NULL, `expires_us` integer NOT NULL, PRIMARY KEY (`id`));
-- Create index "nonce_expires_us" to table: "nonces"
CREATE INDEX `nonce_expires_us` ON `nonces` (`expires_us`);
-- Create "organisations" table
CREATE TABLE `organisations` (`id` text NOT NULL, `org` text NOT NULL, `name` text NOT NULL, `kind` text NOT NULL, `parent` text NOT NULL, `root` text NULL, `settlement_rate_bp` integer NOT NULL, `fulfilment_fee_minor` integer NOT NULL, `share_stock` bool NOT NULL, `merchant_account` text NOT NULL, `updated_us` integer NOT NULL, PRIMARY KEY (`id`));
-- Create index "organisation_parent_id" to table: "organisations"
CREATE INDEX `organisation_parent_id` ON `organisations` (`parent`, `id`);
-- Create index "organisation_kind_id" to table: "organisations"
CREATE INDEX `organisation_kind_id` ON `organisations` (`kind`, `id`);
-- Create index "organisation_root" to table: "organisations"
CREATE UNIQUE INDEX `organisation_root` ON `organisations` (`root`);
-- Create "staffs" table
CREATE TABLE `staffs` (`id` text NOT NULL, `org` text NOT NULL, `name` text NOT NULL, `store_code` text NOT NULL, `role` text NOT NULL, `login` text NOT NULL, `active` bool NOT NULL, `updated_us` integer NOT NULL, PRIMARY KEY (`id`));
-- Create index "staff_store_code_id" to table: "staffs"
CREATE INDEX `staff_store_code_id` ON `staffs` (`store_code`, `id`);
-- Create index "staff_org_id" to table: "staffs"
CREATE INDEX `staff_org_id` ON `staffs` (`org`, `id`);
-- Create "stores" table
CREATE TABLE `stores` (`id` text NOT NULL, `org` text NOT NULL, `name` text NOT NULL, `ownership` text NOT NULL, `address` text NOT NULL, `city` text NOT NULL, `province` text NOT NULL, `country` text NOT NULL, `postcode` text NOT NULL, `timezone` text NOT NULL, `lat` real NOT NULL, `lng` real NOT NULL, `opens` text NOT NULL, `closes` text NOT NULL, `capabilities` text NOT NULL, `active` bool NOT NULL, `updated_us` integer NOT NULL, PRIMARY KEY (`id`));
-- Create index "store_org_id" to table: "stores"
CREATE INDEX `store_org_id` ON `stores` (`org`, `id`);
-- Create index "store_city_id" to table: "stores"
CREATE INDEX `store_city_id` ON `stores` (`city`, `id`);
