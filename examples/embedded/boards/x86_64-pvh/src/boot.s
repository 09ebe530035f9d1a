# From what the loader leaves, 32 bits without paging, to Rust, 64 bits with the first GiB mapped as it is.

.section .note.Xen, "a", @note
.align 4
.long 4, 4, 18                  # 18: the address to start at
.asciz "Xen"
.long start

.section .text.start, "ax"
.code32
.global start
start:
    movl $stack_top, %esp
    movl $0x1ff, 0xfee000f0     # the processor's own interrupt controller is on
    movl $0x700, 0xfee00350     # and lets through what the machine's sends
    movl $(directory_pointers + 3), pages
    movl $(directory + 3), directory_pointers
    xorl %ecx, %ecx
1:  movl %ecx, %eax
    shll $21, %eax
    orl $0x83, %eax             # present, writable, 2 MiB
    movl %eax, directory(, %ecx, 8)
    incl %ecx
    cmpl $512, %ecx
    jne 1b
    movl $pages, %eax
    movl %eax, %cr3
    movl %cr4, %eax
    orl $0x620, %eax            # PAE, and the SSE that precompiled code uses
    movl %eax, %cr4
    movl $0xc0000080, %ecx
    rdmsr
    orl $0x100, %eax            # long mode
    wrmsr
    movl %cr0, %eax
    andl $~4, %eax              # no emulation of floating point
    orl $0x80000003, %eax       # paging, monitoring, protection
    movl %eax, %cr0
    lgdt first_table_pointer
    ljmp $8, $start64

.code64
start64:
    movl $16, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    call main
2:  hlt
    jmp 2b

# What a handler in Rust may change is kept, on a stack of its own: below the stack pointer of the code that was
# interrupted is its red zone.
.macro interrupt name handler
.global \name
\name:
    pushq %rax
    pushq %rcx
    pushq %rdx
    pushq %rsi
    pushq %rdi
    pushq %r8
    pushq %r9
    pushq %r10
    pushq %r11
    pushq %rbp
    movq %rsp, %rbp
    subq $512, %rsp
    andq $-16, %rsp
    fxsave64 (%rsp)
    cld
    call \handler
    fxrstor64 (%rsp)
    movq %rbp, %rsp
    popq %rbp
    popq %r11
    popq %r10
    popq %r9
    popq %r8
    popq %rdi
    popq %rsi
    popq %rdx
    popq %rcx
    popq %rax
    iretq
.endm

interrupt timer_interrupt timer
interrupt serial_interrupt serial

.section .rodata
.align 8
first_table:
    .quad 0, 0x00af9a000000ffff, 0x00cf92000000ffff
first_table_pointer:
    .word 23
    .long first_table

.section .stacks, "aw", @nobits
.align 4096
pages: .skip 4096
directory_pointers: .skip 4096
directory: .skip 4096
.skip 65536
stack_top:
.skip 16384
.global interrupt_stack_top
interrupt_stack_top:
