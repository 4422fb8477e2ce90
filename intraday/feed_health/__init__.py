"""How feeds are doing: their deliveries, cadence, refused rows and offsets."""
