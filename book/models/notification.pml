/* SPDX-License-Identifier: MIT */
/*
 * One side gives, the other takes and sleeps when there is nothing: can it sleep for ever?
 *
 * The giver is the driver with its available ring and the taker the device; with the names changed
 * it is the device with its used ring and the driver that waits for an interrupt. Stores go through
 * a store buffer with one place per variable and reach memory in any order, as weakly ordered
 * processors let them; a load may be made early. What keeps them in order are the four barriers,
 * and each can be taken out:
 *
 *   NO_WMB      the giver's, between the entry and the index
 *   NO_RMB      the taker's, between the index and the entry
 *   GIVER_NO_MB the giver's, between its index and its look at the taker's wish
 *   TAKER_NO_MB the taker's, between its wish and its second look at the index
 *   NO_RECHECK  the taker sleeps without a second look
 *
 * FLAGS: the wish is a flag, "do not tell me". Otherwise it is an event index (2.7.10).
 */
#ifndef COUNT
#define COUNT 4 /* entries given in all; indices wrap at CIRCLE */
#endif
#define CIRCLE 8
#define START 6 /* the wrap is two entries away */

/* Memory that both see. */
byte entry[CIRCLE];
byte idx = START;
#ifdef FLAGS
byte wish = 1; /* "do not tell me": the taker is busy */
#else
byte wish = START; /* tell me of that entry */
#endif
bool bell;

/* Stores on their way: the giver's entry and index, the taker's wish. */
bool entry_waits, idx_waits, wish_waits;
byte entry_slot, entry_value, idx_value, wish_value;

byte given = START; /* the giver's own index */
byte taken = START; /* the taker's own */
byte left = COUNT;  /* entries not yet given */
byte got;	    /* entries taken */

#define next(i) (((i) + 1) % CIRCLE)

/* 2.7.10: was the entry that the event names among those from old up to new? */
#define need_event(event, new, old)                                                                \
	((((new) + 2 * CIRCLE - (event) - 1) % CIRCLE) < (((new) + CIRCLE - (old)) % CIRCLE))

/* What reaches memory when: any time, but not past a store barrier. */
active proctype memory()
{
end:
	do
	:: atomic { entry_waits -> entry[entry_slot] = entry_value; entry_waits = false;
		printf("        memory  entry %d is there\n", entry_slot) }
#ifdef NO_WMB
	:: atomic { idx_waits -> idx = idx_value; idx_waits = false;
		printf("        memory  idx is %d\n", idx) }
#else
	:: atomic { idx_waits && !entry_waits -> idx = idx_value; idx_waits = false;
		printf("        memory  idx is %d\n", idx) }
#endif
	:: atomic { wish_waits -> wish = wish_value; wish_waits = false;
		printf("        memory  wish is %d\n", wish) }
	od
}

active proctype giver()
{
	byte old, seen;

	do
	:: left > 0 ->
		old = given;
		/* One entry or two before it thinks of the other side. */
		do
		:: left > 0 ->
			/* A place in the buffer is for one store: the older one first. */
			atomic {
				!entry_waits;
				entry_slot = given;
				entry_value = given + 1;
				entry_waits = true;
				printf("giver   stores entry %d\n", entry_slot)
			};
			atomic {
				!idx_waits;
				given = next(given);
				idx_value = given;
				idx_waits = true;
				left--;
				printf("giver   stores idx %d\n", given)
			};
			if
			:: given == next(old) -> skip
			:: break
			fi
		:: left == 0 -> break
		od;
#ifndef GIVER_NO_MB
		!entry_waits && !idx_waits;
#endif
		seen = wish;
		if
#ifdef FLAGS
		:: seen == 0 ->
#else
		:: need_event(seen, given, old) ->
#endif
			printf("giver   sees wish %d: rings\n", seen);
			bell = true
		:: else ->
			printf("giver   sees wish %d: stays silent\n", seen)
		fi
	:: left == 0 -> break
	od
}

active proctype taker()
{
	byte seen, early;

	do
	:: /* Take what there is. */
		do
		:: true ->
#ifdef NO_RMB
			early = entry[taken]; /* the load was made before the one of the index */
			seen = idx;
#else
			seen = idx;
			early = entry[taken];
#endif
			if
			:: seen != taken ->
				printf("                taker   sees idx %d, takes entry %d\n", seen, taken);
				assert(early == taken + 1); /* an entry not yet written was taken */
				taken = next(taken);
				got++
			:: else ->
				printf("                taker   sees idx %d, nothing\n", seen);
				break
			fi
		od;

		/* Ask to be told, then look again, then sleep. */
		atomic {
			!wish_waits;
#ifdef FLAGS
			wish_value = 0;
#else
			wish_value = taken;
#endif
			wish_waits = true;
			printf("                taker   stores wish %d\n", wish_value)
		};
#ifndef TAKER_NO_MB
		!wish_waits;
#endif
#ifndef NO_RECHECK
		seen = idx;
		if
		:: seen != taken ->
#ifdef FLAGS
			/* Busy: no need to be told. */
			!wish_waits;
			wish_value = 1;
			wish_waits = true;
#endif
			goto again
		:: else
		fi;
#endif
		printf("                taker   sleeps\n");
end:		bell;
		bell = false;
		printf("                taker   wakes\n");
again:		skip
	od
}

/* Nothing moves any more: then nothing may be left behind. */
active proctype judge()
{
	timeout ->
	printf("nothing moves: %d of %d taken\n", got, COUNT);
	assert(got == COUNT)
}
