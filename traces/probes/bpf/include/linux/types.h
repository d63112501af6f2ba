#pragma once
/*
 * The integer names that bcc's own helpers and the kernel's tracepoint formats use. A tracepoint
 * whose format names another type fails to compile: its typedef belongs here.
 */
typedef signed char __s8, s8;
typedef unsigned char __u8, u8;
typedef short __s16, s16;
typedef unsigned short __u16, u16;
typedef int __s32, s32;
typedef unsigned int __u32, u32;
typedef long long __s64, s64;
typedef unsigned long long __u64, u64;

typedef __u16 __le16, __be16, __sum16;
typedef __u32 __le32, __be32, __wsum;
typedef __u64 __le64, __be64;
typedef __u64 __aligned_u64 __attribute__((aligned(8)));

typedef unsigned long size_t, uintptr_t, ino_t;
typedef long ssize_t;
typedef long long loff_t;
typedef int pid_t;
typedef u32 dev_t;
typedef u64 sector_t, blkcnt_t, dma_addr_t, phys_addr_t;
typedef unsigned int uid_t, gid_t, qid_t, gfp_t;
typedef unsigned short umode_t, sa_family_t;

typedef _Bool bool;
enum { false = 0, true = 1 };

#define NULL ((void *)0)
#define __user
#define __bitwise
