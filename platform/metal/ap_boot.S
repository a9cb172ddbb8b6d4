/* SPDX-License-Identifier: MIT */
/*
 * Where a secondary CPU begins: in real mode, at a page below 1 MiB that smp.c copies this to. It
 * goes straight to long mode, as Linux's arch/x86/realmode/rm/trampoline_64.S does in more steps.
 */
#include "x86.h"

#define HERE(symbol) (symbol - metal_ap_boot + AP_BOOT_ADDRESS)

	.section .rodata
	.code16
	.align	16
	.globl	metal_ap_boot, metal_ap_boot_end, metal_ap_cr3, metal_ap_stack, metal_ap_cpu
metal_ap_boot:
	cli
	cld
	xorl	%eax, %eax
	movl	%eax, %ds
	movl	$CR4_PAE, %eax
	movl	%eax, %cr4
	movl	HERE(metal_ap_cr3), %eax
	movl	%eax, %cr3
	movl	$MSR_EFER, %ecx
	rdmsr
	orl	$(EFER_LME | EFER_NXE), %eax
	wrmsr
	movl	%cr0, %eax
	andl	$0x9fffffff, %eax	/* after INIT the caches are off */
	orl	$(CR0_PG | CR0_WP | CR0_PE), %eax
	movl	%eax, %cr0
	lgdtl	HERE(ap_gdt_pointer)
	ljmpl	$SELECTOR_CODE, $HERE(ap_start64)

	.code64
ap_start64:
	movl	$SELECTOR_DATA, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	xorl	%eax, %eax
	movl	%eax, %fs
	movl	%eax, %gs
	movq	HERE(metal_ap_stack), %rsp
	movq	HERE(metal_ap_cpu), %rdi
	xorl	%ebp, %ebp		/* backtraces end here */
	movq	$metal_ap_main, %rax
	call	*%rax
	ud2

	.align	8
ap_gdt:
	.quad	0
	.quad	0x00af9a000000ffff	/* SELECTOR_CODE */
	.quad	0x00cf92000000ffff	/* SELECTOR_DATA */
ap_gdt_pointer:
	.word	. - ap_gdt - 1
	.long	HERE(ap_gdt)

	/* Filled in by smp.c, in the copy. */
	.align	8
metal_ap_cr3:
	.quad	0
metal_ap_stack:
	.quad	0
metal_ap_cpu:
	.quad	0
metal_ap_boot_end:

	.section .note.GNU-stack, "", @progbits
