"""The health of feeds: their deliveries, cadence, refused rows and offsets."""
