-- Version 2: what the overage of a subscription's billing period may cost, in millionths of its plan's currency.
ALTER TABLE subscription ADD COLUMN spend_cap_micros INTEGER CHECK (spend_cap_micros >= 0);
