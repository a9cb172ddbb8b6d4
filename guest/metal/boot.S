/* SPDX-License-Identifier: MIT */
/*
 * Where QEMU's -kernel enters: from 32-bit mode without paging to main() in long mode.
 *
 * The entry is PVH's (Xen's docs/misc/pvh.pandoc; Linux's arch/x86/platform/pvh/head.S): an ELF
 * note names it, and %ebx points to what the firmware has to tell. Multiboot is left out: QEMU takes a
 * multiboot header in 32-bit ELF files only.
 */
#include "platform/metal/x86.h"

#define XEN_ELFNOTE_PHYS32_ENTRY 18

	.section .note.pvh, "a", @note
	.align	4
	.long	4, 8, XEN_ELFNOTE_PHYS32_ENTRY
	.asciz	"Xen"
	.quad	pvh_start

	.section .text.boot, "ax", @progbits
	.code32
	.globl	pvh_start
pvh_start:
	cld
	movl	$__bss_start, %edi
	movl	$__bss_end, %ecx
	subl	%edi, %ecx
	shrl	$2, %ecx
	xorl	%eax, %eax
	rep stosl

	/* Every address below 4 GiB is mapped to itself, in pages of 2 MiB. */
	movl	$boot_pd, %edi
	movl	$(PAGE_PRESENT | PAGE_WRITE | PAGE_LARGE), %eax
1:	movl	%eax, (%edi)
	addl	$8, %edi
	addl	$0x200000, %eax
	jnc	1b

	movl	$boot_pdpt, %edi
	movl	$(boot_pd + PAGE_PRESENT + PAGE_WRITE), %eax
	movl	$4, %ecx
1:	movl	%eax, (%edi)
	addl	$8, %edi
	addl	$4096, %eax
	loop	1b
	movl	$(boot_pdpt + PAGE_PRESENT + PAGE_WRITE), boot_pml4

	movl	%cr4, %eax
	orl	$CR4_PAE, %eax
	movl	%eax, %cr4
	movl	$boot_pml4, %eax
	movl	%eax, %cr3
	movl	$MSR_EFER, %ecx
	rdmsr
	orl	$(EFER_LME | EFER_NXE), %eax
	wrmsr
	movl	%cr0, %eax
	orl	$(CR0_PG | CR0_WP | CR0_PE), %eax
	movl	%eax, %cr0
	lgdt	boot_gdt_pointer
	ljmp	$SELECTOR_CODE, $start64

	.code64
start64:
	movl	$SELECTOR_DATA, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	xorl	%eax, %eax
	movl	%eax, %fs
	movl	%eax, %gs
	leaq	__stack_top(%rip), %rsp
	xorl	%ebp, %ebp		/* backtraces end here */
	movl	%ebx, %edi
	call	metal_main
	ud2

	.section .rodata.boot, "a", @progbits
	.align	8
boot_gdt:
	.quad	0
	.quad	0x00af9a000000ffff	/* SELECTOR_CODE: 64 bits */
	.quad	0x00cf92000000ffff	/* SELECTOR_DATA */
boot_gdt_pointer:
	.word	. - boot_gdt - 1
	.quad	boot_gdt

	.section .bss.tables, "aw", @nobits
	.align	4096
boot_pml4:
	.skip	4096
boot_pdpt:
	.skip	4096
boot_pd:
	.skip	4 * 4096

	.section .note.GNU-stack, "", @progbits
