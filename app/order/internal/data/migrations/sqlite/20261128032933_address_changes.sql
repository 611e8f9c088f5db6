-- Create "address_changes" table
CREATE TABLE `address_changes` (`id` text NOT NULL, `org` text NOT NULL, `changes` integer NOT NULL DEFAULT (0), `under` text NOT NULL DEFAULT (''), PRIMARY KEY (`id`));
