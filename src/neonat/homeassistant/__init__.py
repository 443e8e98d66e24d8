"""What gateways measure, for Home Assistant: MQTT discovery and states."""
