-- A row whose first cell is a span of class "across" is one cell as wide as its table. Cells of tables within a div of class
-- "cards" know the heading of their column, so that a narrow screen can show each row as a card.
local function across(cell)
  local block = cell.contents[1]
  local first = block and block.content and block.content[1]
  return first and first.t == "Span" and first.classes:includes("across")
end

local function spread(table)
  for _, body in ipairs(table.bodies) do
    for _, row in ipairs(body.body) do
      if across(row.cells[1]) then
        row.cells[1].col_span = #row.cells
        row.cells = {row.cells[1]}
        row.classes:insert("across")
        body.row_head_columns = 0 -- a heading of rows could not span the table
      end
    end
  end
  return table
end

local function labelled(table)
  local heads = {}
  for i, cell in ipairs(table.head.rows[1].cells) do heads[i] = pandoc.utils.stringify(cell.contents) end
  for _, body in ipairs(table.bodies) do
    for _, row in ipairs(body.body) do
      for i, cell in ipairs(row.cells) do
        if #row.cells > 1 then cell.attr.attributes["head"] = heads[i] end
      end
    end
  end
  return table
end

return {
  {Table = spread},
  {Div = function(div) if div.classes:includes("cards") then return div:walk({Table = labelled}) end end},
}
