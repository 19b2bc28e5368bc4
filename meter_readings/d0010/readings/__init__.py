"""Reader of register readings (030), by column where lines are consecutive."""
