#pragma once

#include <cstdlib>
#include <mutex>
#include <vector>

#include "../kernels/kernels.h"

// Memory that an operation needs while it runs. It is kept for the next: the system hands out fresh pages slowly.
class Workspace {
 public:
  explicit Workspace(size_t values) {
    std::lock_guard<std::mutex> lock(mutex);
    if (!kept.empty()) {
      block_ = kept.back();
      kept.pop_back();
    }
    if (block_.values >= values) return;
    std::free(block_.memory);
    block_.memory = static_cast<f32 *>(std::aligned_alloc(64, (values * sizeof(f32) + 63) / 64 * 64));
    block_.values = block_.memory == nullptr ? 0 : values;
  }
  ~Workspace() {
    std::lock_guard<std::mutex> lock(mutex);
    kept.push_back(block_);
  }
  Workspace(const Workspace &) = delete;
  Workspace &operator=(const Workspace &) = delete;

  // The next piece, or null where there is no memory.
  f32 *Take(size_t values) {
    if (block_.memory == nullptr) return nullptr;
    f32 *piece = block_.memory + taken_;
    taken_ += values;
    return piece;
  }

 private:
  struct Block {
    f32 *memory = nullptr;
    size_t values = 0;
  };
  inline static std::mutex mutex;
  inline static std::vector<Block> kept;
  Block block_;
  size_t taken_ = 0;
};
