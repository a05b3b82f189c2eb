#include "llama/special_texts.h"

#include <algorithm>

namespace glossa {

namespace {

/// What C's isspace() takes for white space.
bool isSpace(char byte) {
  return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

bool has(llama_token_attr attributes, int wanted) {
  return (static_cast<int>(attributes) & wanted) != 0;
}

void keepOnce(std::vector<std::size_t>& numbers) {
  std::ranges::sort(numbers);
  const auto repeated = std::ranges::unique(numbers);
  numbers.erase(repeated.begin(), repeated.end());
}

constexpr int kNeedParsing = LLAMA_TOKEN_ATTR_CONTROL | LLAMA_TOKEN_ATTR_UNKNOWN;

}  // namespace

SpecialTexts::SpecialTexts(const llama_vocab* vocabulary) : nodes_(1) {
  const std::int32_t count = api().llama_vocab_n_tokens(vocabulary);
  for (std::int32_t token = 0; token < count; ++token) {
    const llama_token_attr attributes = api().llama_vocab_get_attr(vocabulary, token);
    if (!has(attributes, kNeedParsing | LLAMA_TOKEN_ATTR_USER_DEFINED)) continue;
    specials_.push_back({api().llama_vocab_get_text(vocabulary, token), token, !has(attributes, kNeedParsing),
                         has(attributes, LLAMA_TOKEN_ATTR_LSTRIP), has(attributes, LLAMA_TOKEN_ATTR_RSTRIP)});
  }
  // llama.cpp's own order, that of texts of one length included: the same algorithm on the same lengths.
  std::sort(specials_.begin(), specials_.end(),
            [](const Special& a, const Special& b) { return a.text.size() > b.text.size(); });
  for (std::size_t index = 0; index < specials_.size(); ++index) add(index);
}

void SpecialTexts::add(std::size_t index) {
  const Special& special = specials_[index];
  if (special.text.empty()) return;
  anyDropsSpace_ = anyDropsSpace_ || special.dropsSpaceBefore || special.dropsSpaceAfter;
  anyIsAlwaysParsed_ = anyIsAlwaysParsed_ || special.isAlwaysParsed;
  std::size_t node = 0;
  for (const char byte : special.text) {
    std::size_t next = step(node, byte);
    if (next == kNone) {
      next = nodes_.size();
      nodes_.emplace_back();
      auto& children = nodes_[node].next;
      children.insert(std::ranges::lower_bound(children, std::pair{byte, std::size_t{0}}), {byte, next});
    }
    node = next;
  }
  Node& last = nodes_[node];
  if (last.parsed == kNone) last.parsed = index;
  if (last.always == kNone && special.isAlwaysParsed) last.always = index;
}

std::size_t SpecialTexts::step(std::size_t node, char byte) const {
  const auto& children = nodes_[node].next;
  const auto found = std::ranges::lower_bound(children, std::pair{byte, std::size_t{0}});
  return found == children.end() || found->first != byte ? kNone : found->second;
}

void SpecialTexts::split(std::string_view text, bool parseSpecial,
                         const std::function<void(const TextPart&)>& take) const {
  std::size_t taken = 0;
  const auto takeUntil = [&](std::size_t end) {
    if (end > taken) take({text.substr(taken, end - taken), -1});
  };
  const bool isAnyLookedFor = parseSpecial ? nodes_.size() > 1 : anyIsAlwaysParsed_;
  for (std::size_t from = 0; isAnyLookedFor && from < text.size();) {
    const Cluster cluster = clusterAt(text, from, parseSpecial);
    for (const Found& found : resolve(text, cluster)) {
      takeUntil(found.dropFrom);
      take({text.substr(found.begin, found.end - found.begin), found.token});
      taken = found.dropTo;
    }
    from = cluster.end;
  }
  takeUntil(text.size());
}

/// The next cluster; an empty one at the text's end if there is none.
SpecialTexts::Cluster SpecialTexts::clusterAt(std::string_view text, std::size_t from,
                                              bool parseSpecial) const {
  Cluster cluster{text.size(), text.size(), {}};
  bool isOpen = false;
  const auto extend = [&](std::size_t begin, std::size_t end) {
    if (!isOpen) cluster.begin = begin;
    cluster.end = isOpen ? std::max(cluster.end, end) : end;
    isOpen = true;
  };
  // What touches may be dropped as white space; where none is, only what overlaps belongs together.
  const auto isOver = [&](std::size_t at) {
    return isOpen && (anyDropsSpace_ ? at > cluster.end : at >= cluster.end);
  };
  for (std::size_t at = from; at < text.size() && !isOver(at); ++at) {
    if (anyDropsSpace_ && isSpace(text[at])) extend(at, at + 1);
    std::size_t node = step(0, text[at]);
    for (std::size_t end = at + 1; node != kNone; ++end) {
      const std::size_t special = parseSpecial ? nodes_[node].parsed : nodes_[node].always;
      if (special != kNone) {
        extend(at, end);
        cluster.specials.push_back(special);
      }
      node = end < text.size() ? step(node, text[end]) : kNone;
    }
    if (cluster.specials.size() > 2 * specials_.size()) keepOnce(cluster.specials);
  }
  keepOnce(cluster.specials);
  return cluster;
}

std::vector<SpecialTexts::Found> SpecialTexts::resolve(std::string_view text, const Cluster& cluster) const {
  std::vector<Found> all;
  const std::string_view inside = text.substr(cluster.begin, cluster.end - cluster.begin);
  std::string isUsed(inside.size(), '\0');
  const auto isFree = [&](std::size_t begin, std::size_t end) {
    return std::string_view(isUsed).substr(begin, end - begin).find('\1') == std::string_view::npos;
  };
  for (const std::size_t index : cluster.specials) {
    const Special& special = specials_[index];
    for (std::size_t begin = inside.find(special.text); begin != std::string_view::npos;) {
      const std::size_t end = begin + special.text.size();
      if (!isFree(begin, end)) {
        begin = inside.find(special.text, begin + 1);
        continue;
      }
      std::size_t dropFrom = begin;
      std::size_t dropTo = end;
      const auto isDropped = [&](std::size_t at) { return isUsed[at] == '\0' && isSpace(inside[at]); };
      while (special.dropsSpaceBefore && dropFrom > 0 && isDropped(dropFrom - 1)) --dropFrom;
      while (special.dropsSpaceAfter && dropTo < inside.size() && isDropped(dropTo)) ++dropTo;
      std::fill(isUsed.begin() + static_cast<std::ptrdiff_t>(dropFrom),
                isUsed.begin() + static_cast<std::ptrdiff_t>(dropTo), '\1');
      all.push_back({begin, end, dropFrom, dropTo, special.token});
      begin = inside.find(special.text, dropTo);
    }
  }
  std::ranges::sort(all, {}, &Found::begin);
  for (Found& found : all) {
    for (std::size_t* place : {&found.begin, &found.end, &found.dropFrom, &found.dropTo}) {
      *place += cluster.begin;
    }
  }
  return all;
}

}  // namespace glossa
