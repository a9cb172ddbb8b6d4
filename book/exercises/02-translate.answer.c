/* Two regions, as in a struct guest_memory. What is in neither is a register, or nothing. */
static uint64_t offset_of(uint64_t gpa)
{
	if (gpa < LOW)
		return gpa;
	if (gpa >= HIGH_START && gpa - HIGH_START < RAM - LOW)
		return gpa - HIGH_START + LOW;
	return NOWHERE;
}
