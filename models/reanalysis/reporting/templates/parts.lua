-- Which part of the report a document holds: what stands open, what is folded, and what belongs to the program. Links
-- to a part that another document holds lead there; captions of what is folded are numbered S1, S2 and so on.
local SHOWN = {
  page = {main = true, folded = true}, paper = {main = true}, supplement = {folded = true}, program = {program = true},
}
local FILES = {
  page = {program = "validation.html"},
  paper = {folded = "supplement.pdf", program = "validation.html"},
  supplement = {main = "report.pdf", program = "validation.html"},
  program = {main = "index.html", folded = "index.html"},
}

local function place(block)
  if block.t ~= "Div" then return "main" end
  for _, name in ipairs({"folded", "program"}) do
    if block.classes:includes(name) then return name end
  end
  return "main"
end

local function identifiers(block)
  local found = {}
  local function note(element) if element.identifier ~= "" then table.insert(found, element.identifier) end end
  pandoc.Blocks({block}):walk({Header = note, Div = note, Table = note, Figure = note, Image = note, Span = note})
  return found
end

-- Headings above what a document leaves out are kept where something below them is shown.
local function chosen(blocks, part)
  local kept, above = pandoc.List(), pandoc.List()
  for _, block in ipairs(blocks) do
    local where = place(block)
    if SHOWN[part][where] then
      local own = part ~= "page" and where ~= "main" and block.content or pandoc.Blocks({block})
      local level = own[1] and own[1].t == "Header" and own[1].level or 7
      kept:extend(above:filter(function(header) return header.level < level end))
      above = pandoc.List()
      kept:extend(own)
    elseif block.t == "Header" then
      above = above:filter(function(header) return header.level < block.level end)
      above:insert(block)
    end
  end
  return pandoc.Blocks(kept)
end

local function numbered(blocks, part)
  local counts = {}
  local function count(kind, letter)
    return function(element)
      local key = kind .. letter
      counts[key] = (counts[key] or 0) + 1
      local words = element.caption.long[1].content
      words:insert(1, pandoc.Strong({kind .. " " .. letter .. counts[key] .. ":"}))
      words:insert(2, pandoc.Space())
      return element
    end
  end
  return pandoc.Blocks(blocks:map(function(block)
    local letter = place(block) == "folded" and "S" or ""
    return pandoc.Blocks({block}):walk({Figure = count("Figure", letter), Table = count("Table", letter)})[1]
  end))
end

-- The list of contents, with what is folded and what lies in a block of its own.
local function contents(blocks)
  local list = pandoc.List()
  blocks:walk({Header = function(header)
    if header.level > 2 or header.identifier == "" then return nil end
    local link = pandoc.Plain({pandoc.Link(header.content, "#" .. header.identifier)})
    if header.level == 1 or #list == 0 then list:insert({link, pandoc.List()}) else list[#list][2]:insert({link}) end
  end})
  return pandoc.MetaBlocks({pandoc.BulletList(list:map(function(one)
    return #one[2] > 0 and {one[1], pandoc.BulletList(one[2])} or {one[1]}
  end))})
end

function Pandoc(doc)
  local part = pandoc.utils.stringify(doc.meta.part)
  local places, here = {}, {}
  for _, block in ipairs(doc.blocks) do
    for _, name in ipairs(identifiers(block)) do places[name] = place(block) end
  end
  doc.blocks = chosen(doc.blocks, part)
  for _, block in ipairs(doc.blocks) do
    for _, name in ipairs(identifiers(block)) do here[name] = true end
  end
  doc.meta.contents = contents(doc.blocks)
  if part == "page" or part == "program" then doc.blocks = numbered(doc.blocks, part) end
  return doc:walk({Link = function(link)
    local name = link.target:match("^#(.+)$")
    local file = name and not here[name] and FILES[part][places[name]]
    if file then link.target = file .. "#" .. name end
    return link
  end})
end
