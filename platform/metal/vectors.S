/* SPDX-License-Identifier: MIT */
/*
 * Entry points of all 256 interrupt vectors. Each brings the stack into the shape of struct
 * metal_frame and calls metal_interrupt(). The counterpart of Linux's arch/x86/entry/entry_64.S,
 * without a user mode to come from.
 */
	.text
	.code64

/* Vectors for which the processor pushes an error code by itself: 8, 10 to 14, 17, 21, 29, 30. */
#define HAS_ERROR_CODE 0x60227d00

	.macro	entry has_error_code
	.align	16
	.if	!(\has_error_code)
	pushq	$0
	.endif
	pushq	$vector
	jmp	common
	vector = vector + 1
	.endm

	.align	16
	.globl	metal_vectors
metal_vectors:
	vector = 0
	.rept	32
	entry	(HAS_ERROR_CODE >> vector & 1)
	.endr
	.rept	224
	entry	0
	.endr

common:
	cld
	pushq	%rax
	pushq	%rbx
	pushq	%rcx
	pushq	%rdx
	pushq	%rsi
	pushq	%rdi
	pushq	%rbp
	pushq	%r8
	pushq	%r9
	pushq	%r10
	pushq	%r11
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	movq	%rsp, %rdi
	movq	%rsp, %rbx
	andq	$-16, %rsp
	call	metal_interrupt
	movq	%rbx, %rsp
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%r11
	popq	%r10
	popq	%r9
	popq	%r8
	popq	%rbp
	popq	%rdi
	popq	%rsi
	popq	%rdx
	popq	%rcx
	popq	%rbx
	popq	%rax
	addq	$16, %rsp
	iretq

	.section .note.GNU-stack, "", @progbits
