#pragma once
#define CONFIG_64BIT 1
#define CONFIG_BPF_SYSCALL 1
#if defined(__aarch64__)
#define CONFIG_ARM64 1
#else
#define CONFIG_X86_64 1
#endif
